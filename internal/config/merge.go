package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Change is a setting whose value differs between two configurations. Keys in it are masked.
type Change struct {
	Setting string `json:"setting"` // its environment name
	From    string `json:"from"`
	To      string `json:"to"`

	// For a list, the items that are only in one of the two; both are empty if only the order differs.
	List    bool     `json:"list,omitempty"`
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
}

// Merge returns the configuration to use after loaded was read while running is in force: the settings of loaded that can
// change without a restart, and the others of running. changed lists the settings that change; left lists those that need
// a restart and stay as they were. The error lists contradictions in the result; running and loaded have none.
func Merge(running, loaded *Config) (merged *Config, changed, left []Change, err error) {
	merged = new(Config)
	*merged = *running
	before, after := settingsOf(running), settingsOf(loaded)
	for i, target := range settingsOf(merged) {
		from, to := before[i].field.Interface(), after[i].field.Interface()
		if reflect.DeepEqual(from, to) {
			continue
		}
		change := target.change(from, to)
		if !target.live {
			left = append(left, change)
			continue
		}
		target.field.Set(after[i].field)
		changed = append(changed, change)
	}
	var problems []error
	for _, r := range merged.relations() {
		problems = append(problems, fmt.Errorf("%s; one of them needs a restart", r.text))
	}
	return merged, changed, left, errors.Join(problems...)
}

// change describes the change of s from one value to another.
func (s *Setting) change(from, to any) Change {
	c := Change{Setting: s.Env, From: s.shown(textOf(from)), To: s.shown(textOf(to))}
	old, isList := from.([]string)
	if !isList {
		return c
	}
	items := to.([]string)
	c.List, c.Added, c.Removed = true, s.without(items, old), s.without(old, items)
	return c
}

// without lists the items that are not in others, masked if they are keys.
func (s *Setting) without(items, others []string) (only []string) {
	for _, item := range items {
		if !slices.Contains(others, item) {
			only = append(only, s.shown(item))
		}
	}
	return only
}

// textOf formats a value as a setting is written.
func textOf(v any) string {
	switch v := v.(type) {
	case []string:
		return strings.Join(v, ",")
	case Duration:
		return shortSpan(v.Duration)
	case Bytes:
		return v.String()
	}
	return fmt.Sprint(v)
}

// String formats the size with the largest unit that gives a whole number.
func (b Bytes) String() string {
	for i, unit := range []string{"GiB", "MiB", "KiB"} {
		if size := Bytes(1) << (10 * (3 - i)); b >= size && b%size == 0 {
			return fmt.Sprintf("%d%s", int64(b/size), unit)
		}
	}
	return fmt.Sprintf("%d", int64(b))
}
