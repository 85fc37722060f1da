package picture

import (
	"slices"
	"strings"
)

// shown are the types of items that show the picture. All others are metadata: Exif, mime (XMP) and uri.
const shown = "hvc1 hev1 lhv1 av01 avc1 vvc1 vvi1 evc1 j2k1 jpeg unci grid iovl iden tmap mski"

// maxItems bounds the items with metadata.
const maxItems = 64

// items are the items with metadata of a HEIC, HEIF or AVIF.
type items struct {
	ids   []uint64
	idat  box
	blank int // bytes
}

// readItems reads which items there are (ISO/IEC 14496-12, section 8.11.6), and blanks their names and types.
func (h *heif) readItems(x box) error {
	version := h.full(x)
	f := fields{body: &h.body, at: x.from + 4, to: x.to}
	f.next(2 + 2*min(version, 1)) // how many
	if version < 0 || f.short {
		return ErrBroken
	}
	return h.each(f.at, x.to, func(x box) error {
		if x.kind != "infe" {
			h.free(x)
			return nil
		}
		version := h.full(x)
		f := fields{body: &h.body, at: x.from + 4, to: x.to}
		wide := 2
		if version > 2 {
			wide = 4
		}
		id := f.exact(wide)
		f.next(2) // protection
		kind := ""
		if version >= 2 {
			if p := h.view(f.at, 4); p != nil && f.at+4 <= x.to {
				kind = string(p)
			}
			f.next(4)
		}
		if version < 0 || f.short {
			return ErrBroken
		}
		h.zero(f.at, x.to)
		switch {
		case kind == "jpeg":
			h.unclean = true // a picture with segments of its own
		case strings.Contains(" "+shown+" ", " "+kind+" "):
		case len(h.items.ids) == maxItems:
			return ErrBroken
		default:
			h.items.ids = append(h.items.ids, id)
			if kind != "" {
				h.put(f.at-4, []byte(blankBox)...)
			}
		}
		return nil
	})
}

// blankItems blanks what iloc (ISO/IEC 14496-12, section 8.11.3) says is the content of the items with metadata.
func (h *heif) blankItems(x box) error {
	if len(h.items.ids) == 0 {
		return nil
	}
	version := h.full(x)
	if version < 0 || version > 2 {
		return ErrBroken
	}
	f := fields{body: &h.body, at: x.from + 4, to: x.to}
	sizes := f.next(2)
	offset, length, base, index := sizes>>12, sizes>>8&15, sizes>>4&15, sizes&15
	if version == 0 {
		index = 0
	}
	for _, n := range []int{offset, length, base, index} {
		if n != 0 && n != 4 && n != 8 {
			return ErrBroken
		}
	}
	wide := 2
	if version == 2 {
		wide = 4
	}
	for n := f.next(wide); n > 0 && !f.short; n-- {
		if err := h.part(); err != nil {
			return err
		}
		id, method := f.exact(wide), 0
		if version > 0 {
			method = f.next(2) & 15
		}
		outside := f.next(2) != 0 // in another file
		start := f.next(base)
		meta := slices.Contains(h.items.ids, id)
		extents := f.next(2)
		if index+offset+length == 0 {
			extents = min(extents, 1) // all would be the same
		}
		for ; extents > 0; extents-- {
			f.next(index)
			at, size := start+f.next(offset), f.next(length)
			if f.short {
				return ErrBroken
			}
			if meta && !outside {
				if err := h.blankExtent(method, at, size); err != nil {
					return err
				}
			}
		}
	}
	if f.short {
		return ErrBroken
	}
	return nil
}

// blankExtent blanks a part of an item. A size of 0 means all that follows.
func (h *heif) blankExtent(method, at, size int) error {
	const inFile, inIdat = 0, 1
	switch method {
	case inFile:
	case inIdat:
		at += h.items.idat.from
	default: // in another item
		h.unclean = true
		return nil
	}
	for _, x := range h.data {
		if at < x.from || at >= x.to {
			continue
		}
		if size == 0 {
			size = x.to - at
		}
		if at+size > x.to {
			return ErrBroken
		}
		// More than the whole picture is not work that an honest picture causes.
		if h.items.blank += size; h.items.blank > h.size {
			return ErrBroken
		}
		h.zero(at, at+size)
		return nil
	}
	if size == 0 {
		return nil
	}
	return ErrBroken
}
