package config

import (
	"fmt"
	"unicode/utf8"
)

const (
	offerMax = 64 // topics, and languages: each is a bit
	topicMax = 32 // bytes
)

func checkTopic(text string) error {
	switch r, found := hidden(text); {
	case text == "":
		return fmt.Errorf("a topic is empty; delete a comma")
	case !utf8.ValidString(text):
		return fmt.Errorf("a topic is not UTF-8")
	case found:
		return fmt.Errorf("%q holds %U, which is invisible", text, r)
	case len(text) > topicMax:
		return fmt.Errorf("%q is longer than %d bytes", text, topicMax)
	}
	return nil
}

// checkLanguage accepts a primary language subtag (RFC 5646, section 2.2.1).
func checkLanguage(text string) error {
	ok := len(text) == 2 || len(text) == 3
	for _, c := range []byte(text) {
		ok = ok && c >= 'a' && c <= 'z'
	}
	if !ok {
		return fmt.Errorf("%q is not a language; write a code of two or three lower-case letters, for example en or de", text)
	}
	return nil
}

// repeated returns a name that occurs more than once; "" if there is none.
func repeated(names []string) string {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] {
			return name
		}
		seen[name] = true
	}
	return ""
}
