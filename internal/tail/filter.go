package tail

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"chatme/internal/chat"
)

// Filter selects the events that a listener wants; the zero Filter selects all.
type Filter struct {
	Types   []Type // nil: all
	Session string // the s_ name, or a prefix of it; "": all
	Status  Status // "": both
}

// ParseFilter reads a filter from the query of a request: type, which may be repeated, session and status. The error says
// what is wrong, and what would be valid.
func ParseFilter(query url.Values) (Filter, error) {
	f := Filter{Session: query.Get("session"), Status: Status(query.Get("status"))}
	for _, text := range query["type"] {
		t := Type(text)
		if !slices.Contains(Types(), t) {
			return f, fmt.Errorf("unknown type %q; use one of %s", text, strings.Trim(fmt.Sprint(Types()), "[]"))
		}
		f.Types = append(f.Types, t)
	}
	if f.Status != "" && f.Status != StatusOK && f.Status != StatusError {
		return f, fmt.Errorf("unknown status %q; use %s or %s", f.Status, StatusOK, StatusError)
	}
	if f.Session != "" {
		prefix, err := SessionPrefix(f.Session)
		if err != nil {
			return f, err
		}
		f.Session = prefix
	}
	return f, nil
}

// SessionPrefix reads the name of a session, or a prefix of it, with or without s_, and returns it with s_.
func SessionPrefix(text string) (string, error) {
	digits := strings.TrimPrefix(strings.ToLower(text), "s_")
	if digits == "" || len(digits) > nameDigits || strings.Trim(digits, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%q is not a session name: give s_ and eight digits, as shown by the log, tail and sessions, or the first of them", text)
	}
	return "s_" + digits, nil
}

// nameDigits is how many hexadecimal digits a session's name has, as returned by chat.Hash.String.
const nameDigits = 8

// Query returns the query that ParseFilter reads.
func (f *Filter) Query() url.Values {
	q := url.Values{}
	for _, t := range f.Types {
		q.Add("type", string(t))
	}
	if f.Session != "" {
		q.Set("session", f.Session)
	}
	if f.Status != "" {
		q.Set("status", string(f.Status))
	}
	return q
}

func (f *Filter) passes(e *Event) bool {
	return (f.Types == nil || slices.Contains(f.Types, e.Type)) &&
		(f.Status == "" || f.Status == e.status()) &&
		(f.Session == "" || f.names(&e.Session) || f.names(&e.With))
}

// names reports whether the name of h has the requested prefix.
func (f *Filter) names(h *chat.Hash) bool {
	name := [2 + nameDigits]byte{'s', '_'}
	hex.Encode(name[2:], h[:nameDigits/2])
	return *h != chat.Hash{} && strings.HasPrefix(string(name[:]), f.Session)
}
