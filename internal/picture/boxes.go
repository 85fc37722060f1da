package picture

import "encoding/binary"

// blankBox is the type of a blanked box: every reader skips it.
const blankBox = "free"

// box is a box of the ISO base media file format (ISO/IEC 14496-12, section 4.2): its content is between from and to.
type box struct {
	kind         string
	at, from, to int
}

// box returns the box at an offset, which must end at or before limit.
func (b *body) box(at, limit int) (box, error) {
	const head = 8
	p := b.view(at, head)
	if p == nil || at+head > limit {
		return box{}, ErrBroken
	}
	x := box{kind: string(p[4:]), at: at, from: at + head}
	size := uint64(binary.BigEndian.Uint32(p))
	switch size {
	case 0:
		size = uint64(limit - at)
	case 1:
		if p = b.view(x.from, 8); p == nil {
			return box{}, ErrBroken
		}
		size = binary.BigEndian.Uint64(p)
		x.from += 8
	}
	if size > uint64(limit-at) {
		x.to = limit
		return x, ErrBroken
	}
	x.to = at + int(size)
	if x.to < x.from {
		return box{}, ErrBroken
	}
	return x, nil
}

// each calls f for the boxes between two offsets.
func (w *walk) each(from, to int, f func(x box) error) error {
	for from < to {
		x, err := w.box(from, to)
		if err != nil {
			return err
		}
		if err := w.part(); err != nil {
			return err
		}
		if err := f(x); err != nil {
			return err
		}
		from = x.to
	}
	return nil
}

// free blanks a box.
func (w *walk) free(x box) {
	w.put(x.at+4, []byte(blankBox)...)
	w.zero(x.from, x.to)
}

// full returns the version of a box that begins with a version and flags, or -1.
func (b *body) full(x box) int {
	p := b.view(x.from, 4)
	if p == nil || x.from+4 > x.to {
		return -1
	}
	return int(p[0])
}

// fields reads the fields of a box in order. After its end, or the end of the picture, all are 0 and short is set.
type fields struct {
	*body
	at, to int
	short  bool
}

// next returns a field of n bytes: 0, 1, 2, 4 or 8.
func (f *fields) next(n int) int { return clamp(f.exact(n)) }

// exact is next for numbers that are not sizes.
func (f *fields) exact(n int) uint64 {
	p := f.view(f.at, n)
	if f.at+n > f.to || p == nil {
		f.short = true
		return 0
	}
	f.at += n
	var v uint64
	for _, c := range p {
		v = v<<8 | uint64(c)
	}
	return v
}
