package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

const fromFilePrefix = "file "

// noFile as Sources.File means that no file is read.
const noFile = os.DevNull

// defaultFiles are read if they exist, highest precedence first: the names that the old server's tools used.
var defaultFiles = [...]string{".dev.vars", ".env"}

// maxSettingsFile is larger than any settings file needs to be, in bytes.
const maxSettingsFile = 1 << 20

// readFiles returns a layer for each file, lowest precedence first. A file named by the user must exist.
func readFiles(named string, settings []Setting) (layers []layer, problems []error) {
	if named == noFile { // which need not exist
		return nil, nil
	}
	names := []string{named}
	if named == "" {
		names = defaultFiles[:]
	}
	for _, name := range names {
		l, err := readFile(name, settings)
		switch {
		case err == nil:
			layers = append([]layer{l}, layers...)
		case named == "" && errors.Is(err, fs.ErrNotExist):
		default:
			problems = append(problems, err)
		}
	}
	return layers, problems
}

// readFile returns the layer of one file. Other programs' lines may hold anything that parses.
func readFile(name string, settings []Setting) (layer, error) {
	file, err := os.Open(name)
	if err != nil {
		return layer{}, unread(name, err)
	}
	defer file.Close()
	text, err := readText(file, maxSettingsFile, "settings")
	if err != nil {
		return layer{}, err
	}
	found, problem := parseAssignments(text)
	if problem != nil {
		return layer{}, fmt.Errorf("%s, line %d: %s", name, problem.line, problem.text)
	}
	l := layer{from: fromFilePrefix + name, values: map[string]string{}, lines: map[string]int{}, broken: map[string]error{}, exposed: exposed(name)}
	for _, a := range found {
		l.lines[a.name] = a.line
		if a.unset == "" {
			l.values[a.name] = a.value
			continue
		}
		l.broken[a.name] = fmt.Errorf("%s, line %d: %s refers to nothing; put the value in 'single quotes' if the $ belongs to it", name, a.line, a.shownUnset(settings))
	}
	return l, nil
}

// shownUnset names the reference that refers to nothing. In a key it may be part of the key, so it is not repeated.
func (a *assignment) shownUnset(settings []Setting) string {
	if slices.ContainsFunc(settings, func(s Setting) bool { return s.Env == a.name && !s.secret }) {
		return a.unset
	}
	return "a $ in " + a.name
}

// unread returns an error that names the unreadable file once.
func unread(name string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("read %s: %w", name, err)
}
