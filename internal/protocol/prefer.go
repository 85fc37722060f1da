package protocol

import (
	"slices"
	"strings"

	"chatme/internal/chat"
)

// Offer is what the operator lets clients prefer. The position of a name in its list is its bit in chat.Preferences.
type Offer struct {
	Topics    []string // at most MaxOffer names; none: disabled
	Languages []string // primary language subtags (RFC 5646, section 2.2.1), in lower case
}

// MaxOffer is the maximum number of topics, and of languages.
const MaxOffer = 64

// prefer decodes what a client prefers. Topics and languages that are not on offer are ignored.
func (r *Rules) prefer(m *members, f *Frame) error {
	topics, ok1 := chosen(&m[fieldTopics], r.Topics, func(name string) string { return name })
	languages, ok2 := chosen(&m[fieldLanguages], r.Languages, Primary)
	if !ok1 || !ok2 {
		return errType
	}
	f.command(chat.Command{Op: chat.Prefer, Prefer: &chat.Preferences{Topics: topics, Languages: languages}})
	return nil
}

// Primary returns the primary language subtag of a language tag, in lower case: "de" for "de-AT".
func Primary(tag string) string {
	primary, _, _ := strings.Cut(tag, "-")
	return strings.ToLower(primary)
}

// chosen returns the positions on offer of the strings in v, an array or absent, as bits. It returns false for any other
// value.
func chosen(v *value, offer []string, name func(string) string) (bits uint64, ok bool) {
	switch {
	case v.kind == kindAbsent:
		return 0, true
	case v.kind != kindArray:
		return 0, false
	}
	s := scanner{data: v.raw}
	s.take('[')
	for s.space(); !s.take(']'); s.space() {
		item, _ := s.value(1) // it has been validated
		if item.kind != kindString {
			return 0, false
		}
		text, _ := item.text()
		if i := slices.Index(offer, name(text)); i >= 0 && i < MaxOffer {
			bits |= 1 << i
		}
		s.space()
		s.take(',')
	}
	return bits, true
}

// appendNames appends head and the offered names whose bits are set, as a JSON array; nothing if there are none.
func appendNames(dst []byte, head string, offer []string, bits uint64) []byte {
	if len(offer) < MaxOffer {
		bits &= 1<<len(offer) - 1
	}
	if bits == 0 {
		return dst
	}
	dst = append(dst, head...)
	next := byte('[')
	for i, name := range offer {
		if i < MaxOffer && bits>>i&1 != 0 {
			dst = appendText(append(dst, next), "", name)
			next = ','
		}
	}
	return append(dst, ']')
}
