package picture

import "encoding/binary"

// How the pixels of a BMP are packed.
const (
	bmpPlain  = 0
	bmpMasks  = 3
	bmpMasks4 = 6
	bmpRLE8   = 1
	bmpRLE4   = 2
)

// The headers of BMP, by their size.
const (
	bmpFileHead = 14
	bmpCore     = 12  // BITMAPCOREHEADER
	bmpInfo     = 40  // BITMAPINFOHEADER
	bmpV5       = 124 // BITMAPV5HEADER
)

// isBMP reports whether the picture starts like a BMP.
func (b *body) isBMP() bool {
	p := b.view(0, bmpFileHead+4)
	if p == nil || p[0] != 'B' || p[1] != 'M' || binary.LittleEndian.Uint32(p[6:]) != 0 {
		return false
	}
	switch binary.LittleEndian.Uint32(p[bmpFileHead:]) {
	case bmpCore, bmpInfo, 52, 56, 64, 108, bmpV5:
		return true
	}
	return false
}

// bmp cleans a BMP: what is behind the pixels, and the path of a color profile in another file.
func (w *walk) bmp() error {
	p := w.view(10, 8)
	pixels := clamp(binary.LittleEndian.Uint32(p))
	head := clamp(binary.LittleEndian.Uint32(p[4:]))
	if p = w.view(bmpFileHead, head); p == nil || pixels < bmpFileHead+head {
		return ErrBroken
	}
	var width, height, bits, length int
	packing := uint32(bmpPlain)
	if head == bmpCore {
		width, height, bits = int(binary.LittleEndian.Uint16(p[4:])), int(binary.LittleEndian.Uint16(p[6:])), int(p[10])
	} else {
		width, height = int(int32(binary.LittleEndian.Uint32(p[4:]))), int(int32(binary.LittleEndian.Uint32(p[8:])))
		bits, packing, length = int(p[14]), binary.LittleEndian.Uint32(p[16:]), clamp(binary.LittleEndian.Uint32(p[20:]))
	}
	height = max(height, -height) // negative: the first row is at the top
	if err := measure(width, height); err != nil {
		return err
	}
	if bits > 32 {
		return ErrBroken
	}
	end := pixels + length
	switch packing {
	case bmpPlain, bmpMasks, bmpMasks4:
		end = pixels + (width*bits+31)/32*4*height
	case bmpRLE8, bmpRLE4:
		if length == 0 {
			w.unclean = true
			return nil
		}
	default:
		return ErrBroken
	}
	if head == bmpV5 {
		profile := bmpFileHead + clamp(binary.LittleEndian.Uint32(p[112:]))
		size := clamp(binary.LittleEndian.Uint32(p[116:]))
		switch string(p[56:60]) { // a number, the lowest byte first
		case "KNIL":
			if profile >= bmpFileHead+head && profile+size <= min(pixels, w.size) {
				w.zero(profile, profile+size)
			}
		case "DEBM":
			end = max(end, profile+size)
		}
	}
	return w.end(end)
}
