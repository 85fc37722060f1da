// Package testcard makes pictures of any size, for probes, load and tests. It imports nothing, and MUST NOT be used for what
// people send.
package testcard

import (
	"bytes"
	"encoding/base64"
)

// Head and Tail are what comes before and after the filling in the data URI of a test card.
var (
	Head = "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(start())
	Tail = base64.StdEncoding.EncodeToString([]byte{0, 0xff, 0xd9})
)

// URI returns the data URI of a test card: a JPEG of 8 by 8 gray pixels, with a filling after them that decoders skip. It has no
// metadata, so that the server relays it as it is. The filling is base64 without padding, of a length that is a multiple of
// four. It MUST NOT contain the byte 0xff: letters up to f, and repetitions of one letter or digit, do not.
func URI(filling string) string { return Head + filling + Tail }

// start returns a JPEG (ITU-T T.81) up to where its pixels have been decoded, of a length that is a multiple of three.
func start() []byte {
	segment := func(marker byte, content ...byte) []byte {
		return append([]byte{0xff, marker, 0, byte(2 + len(content))}, content...)
	}
	// In both tables the bit 0 is the only code: no change of the brightness, and the end of a block.
	const direct, other = 0x00, 0x10
	code := append([]byte{1}, make([]byte, 16)...)
	return bytes.Join([][]byte{
		{0xff, 0xd8},
		segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...), // quantization
		segment(0xc0, 8, 0, 8, 0, 8, 1, 1, 0x11, 0),                         // 8 bits, 8 by 8, one component
		segment(0xc4, append([]byte{direct}, code...)...),
		segment(0xc4, append([]byte{other}, code...)...),
		segment(0xda, 1, 1, 0, 0, 63, 0),
		{0x3f, 0, 0}, // two bits for the block, and padding
	}, nil)
}
