package picture

import "bytes"

// jpegSignature is SOI, and the start of any marker.
const jpegSignature = "\xff\xd8\xff"

// The markers of JPEG (ITU-T T.81, table B.1).
const (
	tem   = 0x01
	sof0  = 0xc0
	dht   = 0xc4
	jpg   = 0xc8
	dac   = 0xcc
	rst0  = 0xd0
	rst7  = 0xd7
	soi   = 0xd8
	eoi   = 0xd9
	sos   = 0xda
	exp   = 0xdf
	app0  = 0xe0
	app1  = 0xe1
	app2  = 0xe2
	app14 = 0xee
	app15 = 0xef
	com   = 0xfe
)

// jpeg cleans the segments of a JPEG. Motion Photos and second pictures (MPF), with metadata of their own, come after EOI.
func (w *walk) jpeg() error {
	var framed, scanned, turned bool
	at := 2
	for {
		if err := w.part(); err != nil {
			return err
		}
		last := at
		marker, next, err := w.marker(at)
		if err != nil {
			return err
		}
		if next < 0 { // cut off: a picture without its end can be shown
			if !scanned {
				return ErrBroken
			}
			return w.end(last)
		}
		at = next
		switch {
		case marker == eoi && scanned:
			return w.end(at)
		case marker == tem, rst0 <= marker && marker <= rst7:
			continue
		case marker < sof0, marker == jpg, marker == soi, marker == eoi, exp < marker && marker < app0, app15 < marker && marker != com:
			return ErrBroken
		}
		length, ok := w.big16(at)
		if ok && length < 2 {
			return ErrBroken
		}
		from, to := at+2, at+length
		if !ok || to > w.size {
			if !scanned {
				return ErrBroken
			}
			return w.end(last)
		}
		at = to
		switch {
		case marker == sos:
			if !framed {
				return ErrBroken
			}
			at, scanned = w.scan(at), true
		case isSOF(marker):
			height, _ := w.big16(from + 1)
			width, ok := w.big16(from + 3)
			if framed || !ok || to-from < 6 {
				return ErrBroken
			}
			framed = true
			if err := measure(width, height); err != nil {
				return err
			}
		case marker == app1 && w.starts(from, to, exifHead) && !turned:
			turned = w.onlyOrientation(min(from+len(exifHead), to), 0, to)
			if !turned {
				w.zero(from, to)
			}
		case marker >= app0:
			w.zero(w.application(marker, from, to), to)
		}
	}
}

func isSOF(marker byte) bool {
	return sof0 <= marker && marker < rst0 && marker != dht && marker != dac
}

// marker finds the next marker from at on, outside of a scan, and returns the offset after it, or -1 if there is none. It
// blanks what comes before the marker, except bytes that fill up.
func (w *walk) marker(at int) (marker byte, next int, err error) {
	first, fills, junk := at, 0, false
	for {
		p := w.view(at, 1)
		switch {
		case p == nil:
			return 0, -1, nil
		case p[0] == 0xff:
			fills++
			at++
			continue
		case p[0] == 0 && fills > 1:
			return 0, 0, ErrBroken
		case p[0] == 0 || fills == 0:
			if err := w.part(); err != nil {
				return 0, 0, err
			}
			junk, fills = true, 0
			at++
			continue
		}
		if junk {
			w.zero(max(first, len(jpegSignature)), at-fills)
		}
		return p[0], at + 1, nil
	}
}

// scan returns the offset of the marker that ends the scan at an offset, or of the end of the picture.
func (w *walk) scan(at int) int {
	for {
		part := w.run(at)
		if part == nil {
			return w.size
		}
		for i := 0; ; {
			j := bytes.IndexByte(part[i:], 0xff)
			if j < 0 {
				break
			}
			i += j + 1
			if i == len(part) {
				break
			}
			if c := part[i]; c != 0 && c != 0xff && (c < rst0 || c > rst7) {
				return at + i - 1
			}
		}
		if n := len(part); part[n-1] == 0xff && n > 1 {
			at += n - 1 // the next byte decides
		} else if part[n-1] == 0xff {
			p := w.view(at, 2)
			if p == nil {
				return w.size
			}
			if c := p[1]; c != 0 && c != 0xff && (c < rst0 || c > rst7) {
				return at
			}
			at++
		} else {
			at += n
		}
	}
}

// application returns up to where a segment for applications, or a comment, is part of the picture.
func (w *walk) application(marker byte, from, to int) int {
	switch {
	case marker == app0 && w.starts(from, to, "JFIF\x00"):
		const thumbnail, head = 12, 14
		if to-from > head {
			w.zero(from+thumbnail, to)
		}
		return min(from+head, to)
	case marker == app2 && w.starts(from, to, "ICC_PROFILE\x00"):
		return to
	case marker == app14 && w.starts(from, to, "Adobe"):
		return min(from+12, to)
	}
	return from
}
