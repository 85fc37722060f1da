package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// credentialsEnv names the directory that systemd puts a service's credentials in.
	// https://systemd.io/CREDENTIALS/
	credentialsEnv = "CREDENTIALS_DIRECTORY"

	// What makes of the name of a setting the name of the one that says which file it is in.
	fileFlagSuffix = "-file"
	fileEnvSuffix  = "_FILE"

	// maxKeyFile is more than any number of keys takes, in bytes.
	maxKeyFile = 64 << 10
)

// readKeyFiles reads the keys that the layer has in files of their own. Keys and a file for them in the same layer
// contradict each other, because neither is the stronger.
func (l *layer) readKeyFiles(settings []Setting) (problems []error) {
	for i := range settings {
		s := &settings[i]
		if s.credential == "" {
			continue
		}
		file, v := l.keyFile(s)
		if file == "" {
			continue
		}
		if inPlace, _ := l.lookup(s); inPlace.text != "" {
			problems = append(problems, fmt.Errorf("%s; leave one of them out", l.both(s)))
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
		case l.credentials != "" && errors.Is(err, fs.ErrNotExist): // the service has others
		default:
			problems = append(problems, fmt.Errorf("%s: %w", v.from, err))
		}
	}
	return problems
}

// keyFile returns the file that the layer has the keys s in, "" if there is none, and how it is shown.
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

// both says that the layer has the keys s and a file for them.
func (l *layer) both(s *Setting) string {
	if l.byFlag {
		return fmt.Sprintf("--%s and --%[1]s%s are both given", s.Flag, fileFlagSuffix)
	}
	return fmt.Sprintf("%s and %[1]s%s are both set in %s", s.Env, fileEnvSuffix, l.place())
}

// readKeys returns the keys in a file as a setting writes them, with commas. The error says nothing of what is in it.
func readKeys(name string) (string, error) {
	content, err := readKeyFile(name)
	if err != nil {
		return "", err
	}
	keys := splitList(strings.NewReplacer("\n", ",", "\r", ",").Replace(content))
	if len(keys) == 0 {
		return "", fmt.Errorf("%s holds no key; write one a line", name)
	}
	return strings.Join(keys, ","), nil
}

func readKeyFile(name string) (string, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() { // it could not be read again at a reload, and a pipe is waited for
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
	content, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return "", unread(name, err)
	}
	if len(content) > maxKeyFile {
		return "", fmt.Errorf("%s is larger than %d KiB; it is to hold keys, one a line", name, maxKeyFile>>10)
	}
	return string(content), nil
}

// exposed returns name if it is a file that everybody on the machine may read, else "".
func exposed(name string) string {
	const byOthers = 0o004
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() || info.Mode()&byOthers == 0 {
		return ""
	}
	return name
}
