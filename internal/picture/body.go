package picture

import (
	"encoding/base64"
	"encoding/binary"
)

const (
	// windowSize is how much of a picture is decoded at once; a multiple of three, so that it is whole groups.
	windowSize = 48 << 10
	// ahead is how much is decoded for a walk that may skip the rest.
	ahead = 768
)

// body is a picture in base64, read and overwritten at offsets of the picture.
type body struct {
	text   []byte // valid base64 with padding
	size   int    // bytes of the picture
	at, n  int    // the window has the picture from at to at+n
	window [windowSize + 2]byte
}

// open makes b the picture in text, which must be valid base64.
func (b *body) open(text []byte) {
	b.text, b.size, b.at, b.n = text, len(text)/4*3, 0, 0
	for i := len(text) - 1; i >= 0 && text[i] == '='; i-- {
		b.size--
	}
}

// fill decodes the picture from at on, n bytes or all that are left.
func (b *body) fill(at, n int) {
	b.at = at / 3 * 3
	first := at / 3 * 4
	last := min(first+(n+2+2)/3*4, first+windowSize/3*4, len(b.text))
	b.n, _ = base64.StdEncoding.Decode(b.window[:], b.text[first:last])
}

// view returns n bytes at an offset, or nil if the picture has fewer. It is valid until the next call, and n is at most
// ahead.
func (b *body) view(at, n int) []byte {
	if at < 0 || at > b.size-n {
		return nil
	}
	if at < b.at || at+n > b.at+b.n {
		b.fill(at, max(n, ahead))
	}
	return b.window[at-b.at:][:n:n]
}

// run returns the bytes at an offset, as many as the window has, and at least one if at is inside the picture. It is valid
// until the next call.
func (b *body) run(at int) []byte {
	if at >= b.size {
		return nil
	}
	if at < b.at || at >= b.at+b.n {
		b.fill(at, windowSize-3)
	}
	return b.window[at-b.at : b.n]
}

// put overwrites the picture at an offset.
func (b *body) put(at int, p ...byte) {
	b.mirror(at, p)
	for len(p) > 0 {
		var group [3]byte
		quad := b.text[at/3*4:][:4]
		size, _ := base64.StdEncoding.Decode(group[:], quad)
		n := copy(group[at%3:size], p)
		base64.StdEncoding.Encode(quad, group[:size])
		at += n
		p = p[n:]
	}
}

// mirror does for the window what put does for the text.
func (b *body) mirror(at int, p []byte) {
	if skip := b.at - at; skip > 0 {
		p, at = p[min(skip, len(p)):], b.at
	}
	if at < b.at+b.n {
		copy(b.window[at-b.at:b.n], p)
	}
}

// zeros is 255 zeros, and zeroText is zeros in base64.
var (
	zeros    [255]byte
	zeroText = func() (t [4 << 10]byte) {
		for i := range t {
			t[i] = 'A'
		}
		return t
	}()
)

// zero overwrites the picture from one offset up to another with zeros.
func (b *body) zero(from, to int) {
	if from >= to {
		return
	}
	if first, last := (from+2)/3*3, to/3*3; first < last {
		b.put(from, zeros[:first-from]...)
		b.put(last, zeros[:to-last]...)
		for text := b.text[first/3*4 : last/3*4]; len(text) > 0; {
			text = text[copy(text, zeroText[:]):]
		}
		if a, z := max(first, b.at), min(last, b.at+b.n); a < z {
			clear(b.window[a-b.at : z-b.at])
		}
		return
	}
	b.put(from, zeros[:to-from]...)
}

// has reports whether the picture has a string at an offset.
func (b *body) has(at int, s string) bool { return string(b.view(at, len(s))) == s }

// starts reports whether the part between two offsets starts with a string.
func (b *body) starts(from, to int, s string) bool { return to-from >= len(s) && b.has(from, s) }

// beyond is more than a picture has bytes, or may have pixels a side. Larger numbers are read as beyond, so that sums of a few
// of them fit into an int of 32 bits.
const beyond = 1 << 29

func clamp[T uint32 | uint64](n T) int { return int(min(n, beyond)) }

// big16 and big32 return the number at an offset, highest byte first; false if the picture ends before.
func (b *body) big16(at int) (int, bool) {
	p := b.view(at, 2)
	if p == nil {
		return 0, false
	}
	return int(binary.BigEndian.Uint16(p)), true
}

func (b *body) big32(at int) (int, bool) {
	p := b.view(at, 4)
	if p == nil {
		return 0, false
	}
	return clamp(binary.BigEndian.Uint32(p)), true
}

// put32 writes a number at an offset, highest byte first.
func (b *body) put32(at int, n uint32) {
	b.put(at, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}
