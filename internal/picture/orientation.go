package picture

import "encoding/binary"

const (
	// exifHead comes in front of the TIFF structure of Exif in JPEG.
	exifHead = "Exif\x00\x00"
	// leastTIFF is the size of a TIFF structure with one tag, and fullTIFF with the offset of the next directory.
	leastTIFF, fullTIFF = 22, 26

	tagOrientation = 0x0112
	typeShort      = 3
)

// orientation returns the orientation, 2 to 8, that the TIFF structure (TIFF 6.0, section 2) between two offsets has in its
// first directory; 0 if it has none, or the one that needs no turn.
func (b *body) orientation(from, to int) byte {
	head := b.view(from, 8)
	if head == nil {
		return 0
	}
	var order binary.ByteOrder
	switch string(head[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	at := from + clamp(order.Uint32(head[4:]))
	count := b.view(at, 2)
	if count == nil || at+2 > to {
		return 0
	}
	at += 2
	for n := order.Uint16(count); n > 0 && at+12 <= to; n-- {
		entry := b.view(at, 12)
		if entry == nil {
			return 0
		}
		if order.Uint16(entry) == tagOrientation && order.Uint16(entry[2:]) == typeShort && order.Uint32(entry[4:]) == 1 {
			if turn := order.Uint16(entry[8:]); 2 <= turn && turn <= 8 {
				return byte(turn)
			}
			return 0
		}
		at += 12
	}
	return 0
}

// onlyOrientation blanks everything between two offsets, and leaves at the first the orientation of the TIFF structure that
// starts skip bytes later. It reports whether there is one.
func (b *body) onlyOrientation(from, skip, to int) bool {
	turn := b.orientation(from+skip, to)
	b.zero(from, to)
	if turn == 0 || to-from < leastTIFF {
		return false
	}
	tiff := [fullTIFF]byte{'M', 'M', 0, '*', 0, 0, 0, 8, 0, 1, tagOrientation >> 8, tagOrientation & 0xff, 0, typeShort, 0, 0, 0, 1, 0, turn}
	b.put(from, tiff[:min(fullTIFF, to-from)]...)
	return true
}
