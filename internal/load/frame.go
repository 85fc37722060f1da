package load

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// The parts of RFC 6455, section 5.2, that the load needs.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA

	frameFinal  = 0x80
	frameMasked = 0x80
	frame16     = 126 // the length is in the next two bytes
	frame64     = 127 // … in the next eight

	// largestFrame is larger than any message from a server to this load.
	largestFrame = 1 << 16
)

// benchMask is the key of every frame: a server unmasks it like any other, and the load can patch a frame in place.
var benchMask = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// appendFrame appends a masked frame.
func appendFrame(dst []byte, op byte, payload []byte) []byte {
	dst = append(dst, frameFinal|op)
	switch n := len(payload); {
	case n < frame16:
		dst = append(dst, frameMasked|byte(n))
	default:
		dst = append(dst, frameMasked|frame16)
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	}
	dst = append(dst, benchMask[:]...)
	for i, b := range payload {
		dst = append(dst, b^benchMask[i&3])
	}
	return dst
}

var errFrame = errors.New("the server sent a frame that the load does not understand")

// nextFrame parses the server frame at the start of data. n is its length, 0 if it is incomplete.
func nextFrame(data []byte) (op byte, payload []byte, n int, err error) {
	if len(data) < 2 {
		return 0, nil, 0, nil
	}
	op, head, size := data[0]&0x0f, 2, int(data[1])
	switch size {
	case frame16:
		if len(data) < 4 {
			return 0, nil, 0, nil
		}
		head, size = 4, int(binary.BigEndian.Uint16(data[2:]))
	case frame64:
		if len(data) < 10 {
			return 0, nil, 0, nil
		}
		head, size = 10, int(min(binary.BigEndian.Uint64(data[2:]), largestFrame+1))
	}
	// A mask, a fragment or an extension: this load asks for none of them.
	if data[0]&0xf0 != frameFinal || data[1]&frameMasked != 0 || size > largestFrame {
		return 0, nil, 0, errFrame
	}
	if len(data) < head+size {
		return 0, nil, 0, nil
	}
	return op, data[head : head+size], head + size, nil
}

// Heard is what the load reads from a server's message. The slices are raw JSON text inside the frame.
type Heard struct {
	Kind      []byte // the member type
	partnerID []byte
	text      []byte
	sessionID []byte
	epoch     []byte
	code      []byte
	n         uint64
}

var errJSON = errors.New("the server sent something other than a flat JSON object")

// scan reads the members of a JSON object whose values are strings, numbers, words and lists of strings. It does not unescape strings: the load needs none with escapes.
func (h *Heard) scan(data []byte) error {
	*h = Heard{}
	i := space(data, 0)
	if i >= len(data) || data[i] != '{' {
		return errJSON
	}
	for i = space(data, i+1); i < len(data) && data[i] == '"'; {
		name, after := quoted(data, i)
		i = space(data, after)
		if after < 0 || i >= len(data) || data[i] != ':' {
			return errJSON
		}
		i = space(data, i+1)
		var value []byte
		switch {
		case i < len(data) && data[i] == '"':
			value, after = quoted(data, i)
		case i < len(data) && data[i] == '[':
			value, after = listed(data, i)
		default:
			value, after = plain(data, i)
		}
		if after < 0 {
			return errJSON
		}
		h.member(name, value)
		if i = space(data, after); i < len(data) && data[i] == ',' {
			i = space(data, i+1)
		}
	}
	if i >= len(data) || data[i] != '}' || len(h.Kind) == 0 {
		return errJSON
	}
	return nil
}

func (h *Heard) member(name, value []byte) {
	switch string(name) {
	case "type":
		h.Kind = value
	case "partnerId":
		h.partnerID = value
	case "text":
		h.text = value
	case "sessionId":
		h.sessionID = value
	case "epoch":
		h.epoch = value
	case "code", "error":
		h.code = value
	case "n":
		h.n = 0
		for _, digit := range value {
			h.n = h.n*10 + uint64(digit-'0')
		}
	}
}

func space(data []byte, i int) int {
	for i >= 0 && i < len(data) && (data[i] == ' ' || data[i] == '\t' || data[i] == '\n' || data[i] == '\r') {
		i++
	}
	return max(i, 0)
}

// quoted returns the text between the quotation mark at i and the closing one, and the position after it; -1 if it is not
// closed.
func quoted(data []byte, i int) (text []byte, after int) {
	for end := i + 1; ; end++ {
		next := bytes.IndexByte(data[end:], '"')
		if next < 0 {
			return nil, -1
		}
		end += next
		slashes := 0
		for data[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return data[i+1 : end], end + 1
		}
	}
}

// listed returns the list of strings that begins at i, and the position after it; -1 if it is anything else.
func listed(data []byte, i int) (text []byte, after int) {
	at := space(data, i+1)
	for at < len(data) && data[at] == '"' {
		if _, at = quoted(data, at); at < 0 {
			return nil, -1
		}
		if at = space(data, at); at < len(data) && data[at] == ',' {
			at = space(data, at+1)
		}
	}
	if at >= len(data) || data[at] != ']' {
		return nil, -1
	}
	return data[i : at+1], at + 1
}

// plain returns a number or a word; -1 if there is none, or a nested value.
func plain(data []byte, i int) (text []byte, after int) {
	end := i
	for end < len(data) && (data[end] >= '0' && data[end] <= '9' || data[end] >= 'a' && data[end] <= 'z' ||
		data[end] == '-' || data[end] == '+' || data[end] == '.' || data[end] == 'E') {
		end++
	}
	if end == i {
		return nil, -1
	}
	return data[i:end], end
}
