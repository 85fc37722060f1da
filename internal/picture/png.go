package picture

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	pngSignature = "\x89PNG\r\n\x1a\n"

	// blankChunk is the type of a blanked chunk: ancillary, private, and safe to copy, so that every reader skips it.
	blankChunk = "blNk"

	// maxProfile bounds a color profile, which is compressed.
	maxProfile = 64 << 10
)

// pngChunks are the chunks that show the picture (PNG, third edition, section 11), each with its greatest length.
var pngChunks = map[string]int{
	"IHDR": 13, "PLTE": 768, "IDAT": beyond, "tRNS": 256, "cHRM": 32, "gAMA": 4, "iCCP": beyond, "sBIT": 4, "sRGB": 1,
	"cICP": 4, "mDCV": 24, "cLLI": 8, "bKGD": 6, "hIST": 512, "pHYs": 9, "acTL": 8, "fcTL": 26, "fdAT": beyond,
}

// png cleans the chunks of a PNG, also of an animated one.
func (w *walk) png() error {
	const head, tail = 8, 4
	const nothing = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" // what a cut off chunk was blanked to
	framed, pixels := false, false
	for at := len(pngSignature); ; {
		length, ok := w.big32(at)
		p := w.view(at+4, 4)
		kind := string(p)
		if err := w.part(); err != nil {
			return err
		}
		if !ok || p == nil || w.has(at, nothing) {
			return w.cutOff(at, pixels)
		}
		from, to := at+head, at+head+length
		next := to + tail
		if next > w.size {
			if pixels && (kind == "IDAT" || kind == "fdAT") {
				return nil
			}
			return w.cutOff(at, pixels)
		}
		if framed == (kind == "IHDR") { // it is the first, and there is no second
			return ErrBroken
		}
		most, shows := pngChunks[kind]
		switch {
		case kind == "IEND":
			if !pixels || length > 0 {
				return ErrBroken
			}
			return w.end(next)
		case shows && length > most:
			return ErrBroken
		case kind == "IHDR", kind == "acTL", kind == "fcTL":
			framed = true
			if err := w.pngHeader(kind, from, length); err != nil {
				return err
			}
		case kind == "IDAT":
			pixels = true
		case kind == "eXIf" && w.onlyOrientation(from, 0, to):
			w.seal(at, from, to)
		case shows && (kind != "iCCP" || length <= maxProfile):
		case kind[0]&0x20 == 0: // critical: readers cannot show the picture without it
			return ErrBroken
		default:
			w.put(at+4, []byte(blankChunk)...)
			w.zero(from, to)
			w.seal(at, from, to)
		}
		at = next
	}
}

// cutOff ends a picture that is not complete, at an offset: it can be shown if some pixels have come.
func (w *walk) cutOff(at int, pixels bool) error {
	if !pixels {
		return ErrBroken
	}
	return w.end(at)
}

// pngHeader checks a chunk with dimensions or with the number of frames.
func (w *walk) pngHeader(kind string, from, length int) error {
	if length != pngChunks[kind] {
		return ErrBroken
	}
	first, _ := w.big32(from)
	second, _ := w.big32(from + 4)
	switch {
	case kind == "IHDR":
		return measure(first, second)
	case kind == "acTL":
		if first > maxFrames {
			return ErrBounds
		}
		return nil
	}
	height, _ := w.big32(from + 8) // behind the number of the frame
	return w.frame(1, second, height)
}

// seal writes the checksum of the chunk at an offset, whose data is between two others.
func (w *walk) seal(at, from, to int) {
	sum := crc32.ChecksumIEEE(w.view(at+4, 4))
	for from < to {
		part := w.run(from)
		part = part[:min(len(part), to-from)]
		sum = crc32.Update(sum, crc32.IEEETable, part)
		from += len(part)
	}
	w.put(to, binary.BigEndian.AppendUint32(nil, sum)...)
}
