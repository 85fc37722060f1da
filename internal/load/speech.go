package load

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	stampDigits  = 16 // of the moment when a message was due, in hexadecimal, at the start of its text
	numberDigits = 10 // … of its number, padded so that every frame of a chat has the same length
)

// speech is the frame that one client sends repeatedly in one chat, with a new moment and number each time.
type speech struct {
	wire    []byte // the whole frame, masked
	size    int    // of its payload
	stamp   int    // where the moment is, in the payload
	number  int    // where the number is; -1: a legacy client's frame has none
	payload []byte // wire's last size bytes
}

// newSpeech returns the frame for texts of the given number of bytes in the chat with this alias.
func newSpeech(old bool, alias string, bytes int) *speech {
	text := strings.Repeat("0", stampDigits) + strings.Repeat("x", bytes-stampDigits)
	s := &speech{number: -1}
	var payload string
	if old {
		payload = fmt.Sprintf(`{"type":"message","text":"%s"}`, text)
	} else {
		payload = fmt.Sprintf(`{"type":"message","partnerId":"%s","text":"%s","n":`, alias, text)
		s.number = len(payload)
		payload += strings.Repeat(" ", numberDigits) + "}"
	}
	s.stamp = strings.Index(payload, text)
	s.wire, s.size = appendFrame(nil, opText, []byte(payload)), len(payload)
	s.payload = s.wire[len(s.wire)-s.size:]
	return s
}

// frame returns the frame of message n, due at the given moment. It is valid until the next call.
func (s *speech) frame(n uint64, at int64) []byte {
	const hex = "0123456789abcdef"
	for i := range stampDigits {
		s.put(s.stamp+i, hex[at>>(4*(stampDigits-1-i))&0xf])
	}
	if s.number >= 0 {
		var digits [20]byte
		for i, d := range strconv.AppendUint(digits[:0], n, 10) {
			s.put(s.number+i, d)
		}
	}
	return s.wire
}

func (s *speech) put(i int, b byte) { s.payload[i] = b ^ benchMask[i&3] }

// spokenAt returns the moment at the start of a text.
func spokenAt(text []byte) (at int64, ok bool) {
	if len(text) < stampDigits {
		return 0, false
	}
	for _, b := range text[:stampDigits] {
		switch {
		case b >= '0' && b <= '9':
			at = at<<4 | int64(b-'0')
		case b >= 'a' && b <= 'f':
			at = at<<4 | int64(b-'a'+10)
		default:
			return 0, false
		}
	}
	return at, true
}
