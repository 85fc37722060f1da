package seal

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Body is the content of a sealed body.
type Body struct {
	Time  int64 // when the message was accepted, Unix ms
	Text  string
	Image string
}

// headerSize is the size of the header in front of text and image: the time and their two lengths.
const headerSize = 3 * 8

// minPadded is the length of the shortest padded body: a text of up to 232 bytes is as long as an "ok".
const minPadded = 256

// padded returns the length to which n bytes are padded. Above the minimum these are the steps of Padmé, which reveal only
// log2(L)+1 bits of a length of L bits and cost at most 12 %: Nikitin et al., "Reducing Metadata Leakage from Encrypted
// Files and Communication with PURBs", PoPETs 2019(4), section 4. From 256 bytes on the cost is at most 6.25 %.
func padded(n int) int {
	if n <= minPadded {
		return minPadded
	}
	exponent := bits.Len(uint(n)) - 1
	step := 1 << (exponent - bits.Len(uint(exponent)))
	return (n + step - 1) &^ (step - 1)
}

// Size returns the sealed size in bytes of a body whose text and image have these lengths.
func Size(text, image int) int { return Overhead + padded(headerSize+text+image) }

// encode returns the padded body.
func (b *Body) encode() []byte {
	out := make([]byte, 0, padded(headerSize+len(b.Text)+len(b.Image)))
	out = binary.BigEndian.AppendUint64(out, uint64(b.Time))
	out = binary.BigEndian.AppendUint64(out, uint64(len(b.Text)))
	out = binary.BigEndian.AppendUint64(out, uint64(len(b.Image)))
	out = append(out, b.Text...)
	out = append(out, b.Image...)
	return out[:cap(out)]
}

// decode reverses encode. The image stays in place in in, which MUST NOT change any more.
func decode(in []byte) (Body, bool) {
	if len(in) < headerSize {
		return Body{}, false
	}
	text, image := binary.BigEndian.Uint64(in[8:]), binary.BigEndian.Uint64(in[16:])
	rest := in[headerSize:]
	if text > uint64(len(rest)) || image > uint64(len(rest))-text {
		return Body{}, false
	}
	return Body{
		Time:  int64(binary.BigEndian.Uint64(in)),
		Text:  string(rest[:text]),
		Image: unsafe.String(unsafe.SliceData(rest[text:]), int(image)),
	}, true
}
