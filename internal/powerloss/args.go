package powerloss

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// descriptor returns the path of the descriptor at the start of s, "7<name>": dir, a file in it, or a socket. For
// anything else, and for an unlinked file, it returns "".
func (p *parser) descriptor(s string) (path string, socket bool) {
	_, s, ok := strings.Cut(s, "<")
	name, rest, ok2 := strings.Cut(s, ">")
	if !ok || !ok2 || strings.HasPrefix(rest, "(deleted)") {
		return "", false
	}
	decoded, err := unescape(name)
	if err != nil {
		return "", false
	}
	path = string(decoded)
	if strings.HasPrefix(path, "socket:") {
		return path, true
	}
	if strings.HasSuffix(path, " (deleted)") || path != p.dir && filepath.Dir(path) != p.dir {
		return "", false
	}
	return path, false
}

// quoted calls f with each quoted string in args.
func quoted(args string, f func([]byte)) error {
	for {
		_, rest, ok := strings.Cut(args, `"`)
		if !ok {
			return nil
		}
		s, rest, ok := strings.Cut(rest, `"`)
		if !ok || strings.HasPrefix(rest, "...") {
			return errors.New("a string is truncated")
		}
		data, err := unescape(s)
		if err != nil {
			return err
		}
		f(data)
		args = rest
	}
}

// text returns the strings in args joined together: the buffer of a write or the buffers of a writev.
func text(args string) ([]byte, error) {
	var all []byte
	err := quoted(args, func(data []byte) { all = append(all, data...) })
	return all, err
}

// paths returns the names in args, which must be absolute.
func paths(args string) ([]string, error) {
	var names []string
	err := quoted(args, func(data []byte) { names = append(names, string(data)) })
	if err == nil && len(names) == 0 {
		err = errors.New("a call without a name")
	}
	for _, name := range names {
		if err == nil && !filepath.IsAbs(name) {
			err = fmt.Errorf("%s is not absolute", name)
		}
	}
	return names, err
}

// number returns the argument at position i from the end; -1 is the last.
func number(args string, i int) (int64, error) {
	args, _, _ = cutLast(args, ") ")
	fields := strings.Split(args, ", ")
	return strconv.ParseInt(fields[len(fields)+i], 0, 64)
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// unescape decodes a string in which every byte is written as \xNN.
func unescape(s string) ([]byte, error) {
	if len(s)%4 != 0 {
		return nil, fmt.Errorf("not in hexadecimal: %.60q", s)
	}
	data := make([]byte, 0, len(s)/4)
	for i := 0; i < len(s); i += 4 {
		high, low := bytes.IndexByte(digits, s[i+2]), bytes.IndexByte(digits, s[i+3])
		if s[i] != '\\' || s[i+1] != 'x' || high < 0 || low < 0 {
			return nil, fmt.Errorf("not in hexadecimal: %.60q", s)
		}
		data = append(data, byte(high<<4|low))
	}
	return data, nil
}

var digits = []byte("0123456789abcdef")
