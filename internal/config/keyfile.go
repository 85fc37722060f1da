package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// credentialsEnv names the variable with the directory of a service's systemd credentials.
	// https://systemd.io/CREDENTIALS/
	credentialsEnv = "CREDENTIALS_DIRECTORY"

	// The suffixes that turn a setting's name into the name of the setting for its file.
	fileFlagSuffix = "-file"
	fileEnvSuffix  = "_FILE"

	// maxKeyFile is larger than any key file needs to be, in bytes.
	maxKeyFile = 64 << 10
)

// readKeyFiles reads the keys that the layer has in their own files. Keys and a key file in the same layer contradict each
// other, because neither takes precedence.
func (l *layer) readKeyFiles(settings []Setting) {
	fail := func(s *Setting, err error) {
		if l.broken == nil {
			l.broken = map[string]error{}
		}
		l.broken[s.Env] = err
	}
	for i := range settings {
		s := &settings[i]
		if s.credential == "" {
			continue
		}
		file, v := l.keyFile(s)
		if isEmpty(file) {
			continue
		}
		if inPlace, _ := l.lookup(s); !isEmpty(inPlace.text) {
			fail(s, fmt.Errorf("%s; remove one of them", l.both(s)))
			continue
		}
		text, err := readKeys(file)
		switch {
		case err == nil:
			v.text, v.exposed = text, exposed(file)
			if l.keys == nil {
				l.keys = map[string]value{}
			}
			l.keys[s.Flag] = v
		case l.credentials != "" && errors.Is(err, fs.ErrNotExist): // the service has other credentials
		default:
			fail(s, fmt.Errorf("%s: %w", v.from, err))
		}
	}
}

// keyFile returns the layer's file for the keys s, "" if there is none, and how it is shown.
func (l *layer) keyFile(s *Setting) (file string, v value) {
	switch {
	case l.credentials != "":
		return filepath.Join(l.credentials, s.credential), value{from: fromCredentialPrefix + s.credential}
	case l.byFlag:
		file = l.values[s.Flag+fileFlagSuffix]
	default:
		file = l.values[s.Env+fileEnvSuffix]
	}
	return file, value{from: s.Env + fileEnvSuffix + " (" + l.from + ")"}
}

// both returns the text for a layer that has both the keys s and a file for them.
func (l *layer) both(s *Setting) string {
	if l.byFlag {
		return fmt.Sprintf("--%s and --%[1]s%s are both given", s.Flag, fileFlagSuffix)
	}
	return fmt.Sprintf("%s and %[1]s%s are both set in %s", s.Env, fileEnvSuffix, l.place())
}

// readKeys returns the keys in a file separated by commas, as in a setting. The error repeats nothing of the content.
func readKeys(name string) (string, error) {
	text, err := readKeyFile(name)
	if err != nil {
		return "", err
	}
	var keys []string
	line := 0
	for each := range strings.SplitSeq(text, "\n") {
		line++
		if strings.HasPrefix(strings.TrimSpace(each), "#") {
			continue
		}
		for _, item := range splitList(each) {
			key, err := unquotedKey(item)
			if err == nil {
				err = checkKey(key)
			}
			if err != nil {
				return "", fmt.Errorf("%s, line %d: %w", name, line, err)
			}
			if key != "" {
				keys = append(keys, key)
			}
		}
	}
	if len(keys) == 0 {
		return "", fmt.Errorf("%s holds no key; write one per line", name)
	}
	return strings.Join(keys, ","), nil
}

// unquotedKey returns a key of a file without the quotes around it.
func unquotedKey(item string) (string, error) {
	for _, quote := range []string{`"`, "'"} {
		if inside, found := strings.CutPrefix(item, quote); found {
			if inside, found = strings.CutSuffix(inside, quote); !found {
				return "", fmt.Errorf("a key begins with a quote but does not end with it; remove it, or put the key in quotes of the other kind, without a comma")
			}
			return inside, nil
		}
	}
	return item, checkPlainKey(item)
}

// checkPlainKey checks a key whose quotes and comment were not removed by a parser.
func checkPlainKey(key string) error {
	for _, quote := range []string{`"`, "'"} {
		if len(key) > 1 && strings.HasPrefix(key, quote) && strings.HasSuffix(key, quote) {
			return fmt.Errorf("a key is in quotes, which would be part of it; remove them")
		}
	}
	if withoutComment(key) != key {
		return fmt.Errorf("a key holds a # after a space; put a comment on its own line, or the key in 'single quotes' in a file")
	}
	return nil
}

func readKeyFile(name string) (string, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() { // a reload could not read it again, and a pipe would block
		return "", fmt.Errorf("%s is not a regular file", name)
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(name)
	}
	if err != nil {
		return "", unread(name, err)
	}
	defer f.Close()
	return readText(f, maxKeyFile, "keys, one per line")
}

// exposed returns name if it is a world-readable file, otherwise "".
func exposed(name string) string {
	const byOthers = 0o004
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() || info.Mode()&byOthers == 0 {
		return ""
	}
	return name
}
