package picture

import "encoding/binary"

const (
	// blankRIFF is the type of a blanked chunk: in RIFF, it fills up.
	blankRIFF = "JUNK"

	// The flags of VP8X.
	webpXMP  = 0x04
	webpExif = 0x08
)

// webp cleans the chunks of a WebP (RFC 9649).
func (w *walk) webp() error {
	const head = 12
	p := w.view(4, 4)
	end := 8 + clamp(binary.LittleEndian.Uint32(p))
	if end > w.size {
		end = w.size // cut off: a part of the pixels is missing, and readers may show the rest
	}
	shown, extended, turned := false, -1, false
	for at := head; at < end; {
		kind, from, to, next, err := w.riffChunk(at, end)
		if err != nil {
			if !shown {
				return err
			}
			w.riffRest(at, end)
			break
		}
		if at == head && kind != "VP8X" && kind != "VP8 " && kind != "VP8L" {
			return ErrBroken
		}
		switch kind {
		case "VP8X":
			if at != head || to-from < 10 {
				return ErrBroken
			}
			p := w.view(from, 10)
			extended = from
			if err := measure(1+little24(p[4:]), 1+little24(p[7:])); err != nil {
				return err
			}
		case "VP8 ", "VP8L", "ALPH":
			if err := w.webpPixels(kind, from, to); err != nil {
				return err
			}
			shown = shown || kind != "ALPH"
		case "ICCP", "ANIM":
		case "ANMF":
			if err := w.webpFrame(from, to); err != nil {
				return err
			}
			shown = true
		case "EXIF":
			skip := 0
			if w.starts(from, to, exifHead) {
				skip = len(exifHead)
			}
			if !turned && w.onlyOrientation(from, skip, to) {
				turned = true
				break
			}
			fallthrough
		default:
			w.put(at, []byte(blankRIFF)...)
			w.zero(from, to)
		}
		w.zero(to, next)
		at = next
	}
	if !shown {
		return ErrBroken
	}
	if extended >= 0 {
		flags := w.view(extended, 1)[0] &^ (webpXMP | webpExif)
		if turned {
			flags |= webpExif
		}
		w.put(extended, flags)
	}
	return w.end(end)
}

// riffChunk returns the chunk at an offset: its data is between from and to, and next comes after its padding. A chunk with
// pixels may be cut off where the file is.
func (w *walk) riffChunk(at, end int) (kind string, from, to, next int, err error) {
	if err := w.part(); err != nil {
		return "", 0, 0, 0, err
	}
	const head = 8
	p := w.view(at, head)
	if p == nil || at+head > end {
		return "", 0, 0, 0, ErrBroken
	}
	kind, from = string(p[:4]), at+head
	to = from + clamp(binary.LittleEndian.Uint32(p[4:]))
	if to > end {
		pixels := kind == "VP8 " || kind == "VP8L" || kind == "ALPH" || kind == "ANMF"
		if !pixels || end < w.size {
			return "", 0, 0, 0, ErrBroken
		}
		to = end
	}
	return kind, from, to, min(to+to&1, end), nil
}

// riffRest makes one blank chunk of what is between two offsets.
func (w *walk) riffRest(at, end int) {
	const head = 8
	w.zero(at, end)
	if left := end - at; left >= head {
		w.put(at, binary.LittleEndian.AppendUint32([]byte(blankRIFF), uint32(left-head))...)
	}
}

// webpFrame cleans a frame of an animation, which has chunks of its own.
func (w *walk) webpFrame(from, to int) error {
	const head = 16
	p := w.view(from, head)
	if p == nil || from+head > to {
		return ErrBroken
	}
	if err := w.frame(1, 1+little24(p[6:]), 1+little24(p[9:])); err != nil {
		return err
	}
	for at := from + head; at < to; {
		kind, from, end, next, err := w.riffChunk(at, to)
		if err != nil {
			return err
		}
		switch kind {
		case "VP8 ", "VP8L", "ALPH":
			if err := w.webpPixels(kind, from, end); err != nil {
				return err
			}
		case "ANMF":
			return ErrBroken
		default:
			w.put(at, []byte(blankRIFF)...)
			w.zero(from, end)
		}
		w.zero(end, next)
		at = next
	}
	return nil
}

// webpPixels checks the dimensions of pixels, which are also at their start.
func (w *walk) webpPixels(kind string, from, to int) error {
	switch {
	case kind == "ALPH":
		return nil
	case kind == "VP8L" && to-from < 5, kind == "VP8 " && to-from < 10:
		return ErrBroken
	case kind == "VP8L":
		const bits = 1<<14 - 1
		n := binary.LittleEndian.Uint32(w.view(from+1, 4))
		return measure(1+int(n&bits), 1+int(n>>14&bits))
	}
	const bits = 1<<14 - 1
	p := w.view(from+6, 4)
	return measure(int(binary.LittleEndian.Uint16(p))&bits, int(binary.LittleEndian.Uint16(p[2:]))&bits)
}

func little24(p []byte) int { return int(p[0]) | int(p[1])<<8 | int(p[2])<<16 }
