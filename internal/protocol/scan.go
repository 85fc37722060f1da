package protocol

import (
	"encoding/binary"
	"math/bits"
)

// scanFrame validates data, one JSON object surrounded only by white space, and records its known members.
func scanFrame(data []byte, into *members) error {
	s := scanner{data: data}
	s.space()
	if s.pos == len(data) {
		return errSyntax
	}
	if data[s.pos] != '{' {
		// Report a wrong type only if the frame is valid JSON.
		if _, err := s.value(1); err != nil {
			return err
		}
		return errNotObject
	}
	if err := s.object(1, into); err != nil {
		return err
	}
	s.space()
	if s.pos != len(data) {
		return errTrailing
	}
	return nil
}

// scanner reads JSON (RFC 8259) from data, which is valid UTF-8.
type scanner struct {
	data []byte
	pos  int
}

// space skips white space.
func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// take skips c, if it is next.
func (s *scanner) take(c byte) bool {
	if s.pos < len(s.data) && s.data[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// value reads any value; depth is the depth of an object or array that begins here. A frame is at most MaxDepth deep, and
// so is the recursion.
func (s *scanner) value(depth int) (value, error) {
	if s.pos == len(s.data) {
		return value{}, errSyntax
	}
	start := s.pos
	v := value{kind: kindOther}
	var err error
	switch c := s.data[s.pos]; c {
	case '"':
		return s.str()
	case '{':
		v.kind = kindObject
		err = s.object(depth, nil)
	case '[':
		v.kind = kindArray
		err = s.array(depth)
	case 't':
		err = s.literal("true")
	case 'f':
		err = s.literal("false")
	case 'n':
		return value{}, s.literal("null")
	default:
		v.kind = kindNumber
		err = s.number()
	}
	v.raw = s.data[start:s.pos]
	return v, err
}

// object reads an object and records its known members, unless into is nil.
func (s *scanner) object(depth int, into *members) error {
	if depth > MaxDepth {
		return errDepth
	}
	s.pos++
	s.space()
	if s.take('}') {
		return nil
	}
	for {
		s.space()
		if s.pos == len(s.data) || s.data[s.pos] != '"' {
			return errSyntax
		}
		name, err := s.str()
		if err != nil {
			return err
		}
		s.space()
		if !s.take(':') {
			return errSyntax
		}
		s.space()
		v, err := s.value(depth + 1)
		if err != nil {
			return err
		}
		if into != nil {
			if f := name.field(); f != fieldUnknown {
				into[f] = v
			}
		}
		s.space()
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return errSyntax
		}
	}
}

// array validates an array; chosen reads its items.
func (s *scanner) array(depth int) error {
	if depth > MaxDepth {
		return errDepth
	}
	s.pos++
	s.space()
	if s.take(']') {
		return nil
	}
	for {
		s.space()
		if _, err := s.value(depth + 1); err != nil {
			return err
		}
		s.space()
		if s.take(']') {
			return nil
		}
		if !s.take(',') {
			return errSyntax
		}
	}
}

// literal reads true, false or null.
func (s *scanner) literal(word string) error {
	if len(s.data)-s.pos < len(word) || string(s.data[s.pos:s.pos+len(word)]) != word {
		return errSyntax
	}
	s.pos += len(word)
	return nil
}

// number reads a number.
func (s *scanner) number() error {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return errSyntax
	}
	if s.take('.') && !s.digits() {
		return errSyntax
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		if !s.digits() {
			return errSyntax
		}
	}
	return nil
}

// digits reads digits, and reports whether there was at least one.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
	}
	return s.pos > start
}

// str reads a string.
func (s *scanner) str() (value, error) {
	v := value{kind: kindString}
	s.pos++
	start := s.pos
	for {
		s.plain()
		if s.pos == len(s.data) {
			return value{}, errSyntax
		}
		switch s.data[s.pos] {
		case '"':
			v.raw = s.data[start:s.pos]
			s.pos++
			return v, nil
		case '\\':
			v.escaped = true
			if !s.escape() {
				return value{}, errSyntax
			}
		default: // a control character
			return value{}, errSyntax
		}
	}
}

// plain skips to the next quote, backslash or control character, or to the end. It skips eight bytes at a time, because an
// image can be several MB of plain characters.
func (s *scanner) plain() {
	const (
		ones  = 0x0101010101010101
		highs = 0x80 * ones
	)
	d, i := s.data, s.pos
	for len(d)-i >= 8 {
		x := binary.LittleEndian.Uint64(d[i:])
		quote, slash := x^('"'*ones), x^('\\'*ones)
		// The high bit of a byte is set if it is a quote, a backslash or below 0x20. A borrow can set more high bits, but
		// only above the first correct one.
		hit := ((quote-ones)&^quote | (slash-ones)&^slash | (x-0x20*ones)&^x) & highs
		if hit != 0 {
			s.pos = i + bits.TrailingZeros64(hit)/8
			return
		}
		i += 8
	}
	for i < len(d) && d[i] >= 0x20 && d[i] != '"' && d[i] != '\\' {
		i++
	}
	s.pos = i
}

// escape skips an escape, and reports whether it is valid.
func (s *scanner) escape() bool {
	rest := s.data[s.pos:]
	if len(rest) < 2 {
		return false
	}
	switch rest[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return true
	case 'u':
		if len(rest) < 6 {
			return false
		}
		for _, c := range rest[2:6] {
			if c-'0' > 9 && c|0x20-'a' > 5 {
				return false
			}
		}
		s.pos += 6
		return true
	}
	return false
}
