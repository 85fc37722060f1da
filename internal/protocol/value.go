package protocol

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"chatme/internal/chat"
)

// members holds the last value of each known name of one object.
type members [numFields]value

type kind uint8

const (
	kindAbsent kind = iota // also null
	kindString
	kindNumber
	kindObject
	kindArray
	kindOther // true, false
)

// value is a JSON value that has been validated but not decoded. raw aliases the frame: a string without its quotes, or a
// whole number or object.
type value struct {
	raw     []byte
	kind    kind
	escaped bool // a string with at least one backslash
}

// isText reports whether v is a string or absent.
func (v *value) isText() bool { return v.kind == kindString || v.kind == kindAbsent }

// empty reports whether v, a string or absent, is empty.
func (v *value) empty() bool { return len(v.raw) == 0 }

// text copies a string out of the frame; "" if absent. It returns false for any other type.
func (v *value) text() (string, bool) {
	switch {
	case !v.isText():
		return "", false
	case v.escaped:
		return unescape(v.raw), true
	}
	return string(v.raw), true
}

// image is text for a value that isText, in bytes that the caller may change: with takes those of the frame, of which v must
// not be used again.
func (v *value) image(takes bool) []byte {
	switch {
	case v.escaped && takes:
		return appendUnescaped(v.raw[:0], v.raw)
	case v.escaped:
		return appendUnescaped(make([]byte, 0, unescapedLen(v.raw)), v.raw)
	case takes:
		return v.raw
	}
	return bytes.Clone(v.raw)
}

// textLen returns the length in bytes of what text returns, without copying it.
func (v *value) textLen() int {
	if v.escaped {
		return unescapedLen(v.raw)
	}
	return len(v.raw)
}

// alias is text for a value that isText.
func (v *value) alias() chat.Alias {
	s, _ := v.text()
	return chat.Alias(s)
}

// is reports whether v, a number, equals n.
func (v *value) is(n uint64) bool {
	got, ok := v.count()
	return ok && got == n
}

// beyond is the decoded value of every integer above MaxNumber: the lobby closes such a client.
const beyond = MaxNumber + 1

// count returns a nonnegative integer, however it is written (1.0, 1e3, -0), capped at beyond; 0 if absent. It returns
// false for anything else. The check is exact: nothing is rounded to an integer.
func (v *value) count() (uint64, bool) {
	switch v.kind {
	case kindAbsent:
		return 0, true
	case kindNumber:
		return parseCount(v.raw)
	}
	return 0, false
}

// parseCount reads a valid JSON number as digits · 10^pow.
func parseCount(raw []byte) (uint64, bool) {
	negative := raw[0] == '-'
	if negative {
		raw = raw[1:]
	}
	mantissa, pow := raw, 0
	if i := bytes.IndexAny(raw, "eE"); i >= 0 {
		mantissa, pow = raw[:i], parseExponent(raw[i+1:])
	}
	const maxDigits = 16 // this many fit in a uint64
	var n uint64
	digits, zeros, fraction := 0, 0, false
	for _, c := range mantissa {
		if c == '.' {
			fraction = true
			continue
		}
		if fraction {
			pow--
		}
		if c == '0' {
			// Zeros count only if another digit follows; trailing zeros are powers of ten.
			if digits > 0 {
				zeros++
			}
			continue
		}
		if digits += zeros + 1; digits <= maxDigits {
			for range zeros {
				n *= 10
			}
			n = n*10 + uint64(c-'0')
		}
		zeros = 0
	}
	pow += zeros
	switch {
	case n == 0:
		return 0, true
	case negative || pow < 0:
		return 0, false
	case digits+pow > maxDigits:
		return beyond, true
	}
	for ; pow > 0; pow-- {
		n *= 10
	}
	return min(n, beyond), true
}

// parseExponent parses what follows the e of a valid number. It stops counting where no frame has enough digits to
// compensate.
func parseExponent(raw []byte) int {
	const enough = 4 * MaxFrame
	sign, n := 1, 0
	for _, c := range raw {
		switch {
		case c == '-':
			sign = -1
		case c != '+' && n < enough:
			n = n*10 + int(c-'0')
		}
	}
	return sign * n
}

// millis returns a nonnegative number of milliseconds as a duration, capped at the longest; 0 if absent. It returns false
// for anything else.
func (v *value) millis() (time.Duration, bool) {
	switch v.kind {
	case kindAbsent:
		return 0, true
	case kindNumber:
	default:
		return 0, false
	}
	// The only possible error of a valid number is that it is out of range; it is then infinite.
	ms, _ := strconv.ParseFloat(string(v.raw), 64)
	switch {
	case ms < 0:
		return 0, false
	case ms >= math.MaxInt64/float64(time.Millisecond):
		return math.MaxInt64, true
	}
	return time.Duration(ms * float64(time.Millisecond)), true
}

// unescape decodes a valid string with escapes. A lone surrogate becomes U+FFFD, as everywhere in Go.
func unescape(raw []byte) string {
	var b strings.Builder
	b.Grow(unescapedLen(raw))
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			b.Write(raw)
			return b.String()
		}
		r, size := escape(raw[i:])
		b.Write(raw[:i])
		b.WriteRune(r)
		raw = raw[i+size:]
	}
}

// appendUnescaped is unescape into out, which may begin where raw does: no escape is shorter than the character it encodes.
func appendUnescaped(out, raw []byte) []byte {
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return append(out, raw...)
		}
		r, size := escape(raw[i:])
		out = append(out, raw[:i]...)
		out = utf8.AppendRune(out, r)
		raw = raw[i+size:]
	}
}

func unescapedLen(raw []byte) int {
	n := 0
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return n + len(raw)
		}
		r, size := escape(raw[i:])
		n += i + utf8.RuneLen(r)
		raw = raw[i+size:]
	}
}

// escape decodes the valid escape at the start of raw, and returns its length in bytes. A surrogate pair is one escape.
func escape(raw []byte) (rune, int) {
	switch c := raw[1]; c {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
	default: // a quote, a slash or a backslash
		return rune(c), 2
	}
	r := hex4(raw[2:])
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(raw) >= 12 && raw[6] == '\\' && raw[7] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(raw[8:])); pair != unicode.ReplacementChar {
			return pair, 12
		}
	}
	return unicode.ReplacementChar, 6
}

// hex4 reads four hexadecimal digits.
func hex4(raw []byte) rune {
	var r rune
	for _, c := range raw[:4] {
		r <<= 4
		switch {
		case c <= '9':
			r |= rune(c - '0')
		default:
			r |= rune(c|0x20-'a') + 10
		}
	}
	return r
}
