package picture

import "strings"

// brands are the brands of still pictures and sequences of them that browsers show.
const brands = "avif avis heic heix heim heis hevc hevx hevm hevs mif1 mif2 msf1"

// isHEIF reports whether one of the brands of a picture that begins with ftyp is of a HEIC, HEIF or AVIF.
func (b *body) isHEIF() bool {
	x, err := b.box(0, b.size)
	if err != nil {
		return false
	}
	const minor, most = 4, 64
	for at := x.from; at+4 <= min(x.to, x.from+4*most); at += 4 {
		if brand := b.view(at, 4); at != x.from+minor && brand != nil && strings.Contains(" "+brands+" ", " "+string(brand)+" ") {
			return true
		}
	}
	return false
}

// heif is what the walk through a HEIC, HEIF or AVIF remembers.
type heif struct {
	*walk
	data  []box // with the bytes of the items
	items items
}

// maxData bounds the boxes with data.
const maxData = 16

// heif cleans the boxes of a HEIC, HEIF or AVIF (ISO/IEC 23008-12).
func (w *walk) heif() error {
	h := heif{walk: w}
	var meta, moov box
	for at := 0; at < w.size; {
		if err := w.part(); err != nil {
			return err
		}
		x, err := w.box(at, w.size)
		cutOff := err != nil && x.kind == "mdat" // what has come of the pixels can be shown
		if err != nil && !cutOff || at > 0 && x.kind == "ftyp" {
			if len(h.data) == 0 || meta.to == 0 && moov.to == 0 {
				return ErrBroken
			}
			w.rest(at)
			break
		}
		switch {
		case x.kind == "ftyp":
		case x.kind == "mdat" && len(h.data) < maxData:
			h.data = append(h.data, x)
		case x.kind == "meta" && meta.to == 0:
			meta = x
		case x.kind == "moov" && moov.to == 0:
			moov = x
		default:
			w.free(x)
		}
		at = x.to
	}
	if meta.to == 0 && moov.to == 0 {
		return ErrBroken
	}
	if meta.to > 0 {
		if err := h.meta(meta); err != nil {
			return err
		}
	}
	if moov.to > 0 {
		return w.movie(moov)
	}
	return nil
}

// rest makes one blank box of all that follows an offset.
func (w *walk) rest(at int) {
	w.zero(at, w.size)
	if left := w.size - at; left >= 8 {
		w.put32(at, uint32(left))
		w.put(at+4, []byte(blankBox)...)
	}
}

// meta cleans the box that describes the items.
func (h *heif) meta(x box) error {
	if h.full(x) != 0 {
		return ErrBroken
	}
	var info, places box
	err := h.each(x.from+4, x.to, func(x box) error {
		switch x.kind {
		case "pitm", "iref", "grpl", "dinf":
		case "idat":
			if h.items.idat.to > 0 {
				return ErrBroken
			}
			h.data = append(h.data, x)
			h.items.idat = x
		case "hdlr":
			h.handler(x)
		case "iprp":
			return h.properties(x)
		case "iinf":
			if info.to > 0 {
				return ErrBroken
			}
			info = x
		case "iloc":
			if places.to > 0 {
				return ErrBroken
			}
			places = x
		default:
			h.free(x)
		}
		return nil
	})
	if err != nil || info.to == 0 {
		return err
	}
	if err := h.readItems(info); err != nil {
		return err
	}
	return h.blankItems(places)
}

// handler blanks the name in a handler box, and returns the handler.
func (w *walk) handler(x box) string {
	const kind, name = 8, 24
	p := w.view(x.from+kind, 4)
	if p == nil || x.from+name > x.to {
		return ""
	}
	handler := string(p)
	w.zero(x.from+name, x.to)
	return handler
}

// properties are the properties of items that show the picture.
const properties = "ispe irot imir colr pixi hvcC av1C avcC vvcC lhvC jpgC j2kH uncC cmpd auxC clap pasp rloc a1op a1lx lsel oinf tols " +
	"clli mdcv cclv amve reve ndwt"

// properties checks the dimensions, and blanks other properties such as descriptions and times. Boxes keep their places,
// because they are numbered.
func (h *heif) properties(x box) error {
	return h.each(x.from, x.to, func(x box) error {
		if x.kind != "ipco" {
			return nil
		}
		return h.each(x.from, x.to, func(x box) error {
			if x.kind == "ispe" {
				f := fields{body: &h.body, at: x.from + 4, to: x.to}
				width, height := f.next(4), f.next(4)
				if f.short {
					return ErrBroken
				}
				return measure(width, height)
			}
			if !strings.Contains(" "+properties+" ", " "+x.kind+" ") {
				h.free(x)
			}
			return nil
		})
	})
}
