package config

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Duration is a time span, always positive. Its text has the form of time.ParseDuration: 90s, 10m, 24h.
type Duration struct{ time.Duration }

// UnmarshalText reads a positive duration.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("not a duration")
	}
	if parsed <= 0 {
		return fmt.Errorf("must be more than 0")
	}
	d.Duration = parsed
	return nil
}

// Bytes is a size in bytes, always positive. Its text is a plain integer or one with KiB, MiB or GiB.
type Bytes int64

// UnmarshalText reads a positive size.
func (b *Bytes) UnmarshalText(text []byte) error {
	digits, factor := string(text), int64(1)
	for shift, unit := range []string{"KiB", "MiB", "GiB"} {
		if rest, found := strings.CutSuffix(digits, unit); found {
			digits, factor = strings.TrimRight(rest, " "), 1<<(10*(shift+1))
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return fmt.Errorf("not a size in bytes")
	}
	if n <= 0 {
		return fmt.Errorf("must be more than 0")
	}
	if n > math.MaxInt64/factor {
		return fmt.Errorf("too large")
	}
	*b = Bytes(n * factor)
	return nil
}

// Count is a number of things, never negative.
type Count int

// UnmarshalText reads a plain integer.
func (c *Count) UnmarshalText(text []byte) error {
	// 32 bits, so that a configuration means the same on every machine.
	n, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil {
		return fmt.Errorf("not a number")
	}
	if n < 0 {
		return fmt.Errorf("must not be negative")
	}
	*c = Count(n)
	return nil
}

// Setting is one field of Config, as shown to people.
type Setting struct {
	Flag    string // without the dashes
	Env     string // the name in the environment and in a file
	Default string // as text; empty if there is none
	Group   string
	Help    string

	// After Load:
	Value string // the text in force; a key is masked
	From  string // "flag", "environment", "credential NAME", "file NAME" or "default"

	// Exposed is the world-readable file that a key is from; "" if there is none.
	Exposed string

	live       bool // a reload changes it
	secret     bool
	check      string   // the name of a check of the text, or of each item of a list
	choices    []string // the texts allowed; nil is any
	credential string   // name of the systemd credential that may hold it; "": none
	field      reflect.Value
}

// settingsOf lists the fields of cfg in order.
func settingsOf(cfg *Config) []Setting {
	value := reflect.ValueOf(cfg).Elem()
	settings := make([]Setting, value.NumField())
	for i := range settings {
		tag := value.Type().Field(i).Tag
		settings[i] = Setting{
			Flag:    tag.Get("name"),
			Env:     tag.Get("env"),
			Default: tag.Get("default"),
			Group:   tag.Get("group"),
			Help:    tag.Get("help"),
			live:    tag.Get("live") == "true",
			secret:  tag.Get("secret") == "true",
			check:   tag.Get("check"),
			field:   value.Field(i),

			credential: tag.Get("credential"),
		}
		if choices := tag.Get("choices"); choices != "" {
			settings[i].choices = strings.Split(choices, ",")
		}
	}
	return settings
}

// set parses text into the field. On an error the field is unchanged; the error says what is wrong with the
// text and gives a valid example, without repeating the text.
func (s *Setting) set(text string) error {
	switch field := s.field.Addr().Interface().(type) {
	case encoding.TextUnmarshaler:
		if err := field.UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("%w; write for example %s", err, s.Default)
		}
	case *string:
		if err := s.checkText(text); err != nil {
			return err
		}
		*field = text
	case *[]string:
		items, problems := splitList(text), []string(nil)
		for _, item := range items {
			if err := s.checkText(item); err != nil {
				problems = append(problems, err.Error())
			}
		}
		if problems != nil {
			return errors.New(strings.Join(problems, "; "))
		}
		*field = items
	}
	return nil
}

// checkPlain returns what is wrong with keys from the environment.
func (s *Setting) checkPlain(text string) error {
	for _, key := range splitList(text) {
		if err := checkPlainKey(key); err != nil {
			return err
		}
	}
	return nil
}

func (s *Setting) isList() bool { return s.field.Kind() == reflect.Slice }

// splitList splits at commas and drops the spaces around the items. The empty text is an empty list, which for
// some settings is a valid choice (no proxy is trusted).
func splitList(text string) []string {
	items := []string{}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// shown returns text as it may be shown: keys are masked.
func (s *Setting) shown(text string) string {
	if !s.secret {
		return text
	}
	keys := splitList(text)
	for i, key := range keys {
		keys[i] = masked(key)
	}
	return strings.Join(keys, ", ")
}

// masked keeps the first two characters of a key if it is long enough that they reveal little.
func masked(key string) string {
	const long = 12 // characters; two of them are a sixth of the key at most
	if len(key) < long {
		return "(set)"
	}
	return fmt.Sprintf("%.2s… (%d characters)", key, len([]rune(key)))
}
