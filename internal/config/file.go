package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/joho/godotenv"
)

const fromFilePrefix = "file "

// noFile as Sources.File reads no file at all.
const noFile = os.DevNull

// defaultFiles are read where they exist, the stronger first: the names the old server's tools used.
var defaultFiles = [...]string{".dev.vars", ".env"}

// readFiles returns a layer for each file, weakest first. A file the user named must exist.
func readFiles(named string) (layers []layer, problems []error) {
	if named == noFile { // which need not be there
		return nil, nil
	}
	names := []string{named}
	if named == "" {
		names = defaultFiles[:]
	}
	for _, name := range names {
		values, err := readFile(name)
		switch {
		case err == nil:
			layers = append([]layer{{from: fromFilePrefix + name, values: values, exposed: exposed(name)}}, layers...)
		case named == "" && errors.Is(err, fs.ErrNotExist):
		default:
			problems = append(problems, err)
		}
	}
	return layers, problems
}

func readFile(name string) (map[string]string, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, unread(name, err)
	}
	values, err := godotenv.UnmarshalBytes(content)
	if err != nil {
		// The parser's own words quote the rest of the file, keys and all.
		return nil, fmt.Errorf("%s, line %d: not of the form NAME=value", name, badLine(string(content)))
	}
	return values, nil
}

// unread says once which file could not be read.
func unread(name string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// badLine returns the number of the first line that cannot be read: the one after the longest prefix that can.
func badLine(content string) int {
	lines := strings.SplitAfter(content, "\n")
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := godotenv.Unmarshal(strings.Join(lines[:n], "")); err == nil {
			return n + 1
		}
	}
	return 1
}
