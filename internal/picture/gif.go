package picture

// The blocks of GIF (GIF89a, appendix A).
const (
	gifExtension = 0x21
	gifImage     = 0x2c
	gifTrailer   = 0x3b

	gifPlainText   = 0x01
	gifControl     = 0xf9
	gifComment     = 0xfe
	gifApplication = 0xff
)

// gif cleans the blocks of a GIF.
func (w *walk) gif() error {
	p := w.view(6, 7)
	if p == nil {
		return ErrBroken
	}
	if err := measure(int(p[0])|int(p[1])<<8, int(p[2])|int(p[3])<<8); err != nil {
		return err
	}
	shown := false // at least a part of a frame
	for at := 13 + colorTable(p[4]); ; {
		p := w.view(at, 1)
		if p == nil {
			return w.cutOff(at, shown)
		}
		if err := w.part(); err != nil {
			return err
		}
		var next int
		var err error
		switch {
		case p[0] == gifTrailer && shown:
			return w.end(at + 1)
		case p[0] == gifImage:
			next, err = w.gifFrame(at)
			shown = shown || next > 0
		case p[0] == gifExtension:
			next, err = w.gifExtension(at)
		}
		if err != nil {
			return err
		}
		if next <= 0 {
			return w.cutOff(at, shown)
		}
		at = next
	}
}

// colorTable returns the size of the color table that follows a descriptor with these flags.
func colorTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// gifFrame returns the offset after the frame at an offset, or 0 if it has no pixels.
func (w *walk) gifFrame(at int) (next int, err error) {
	const descriptor, codeSize = 10, 1
	p := w.view(at, descriptor)
	if p == nil {
		return 0, nil
	}
	flags := p[9]
	if err := w.frame(1, int(p[5])|int(p[6])<<8, int(p[7])|int(p[8])<<8); err != nil {
		return 0, err
	}
	at += descriptor + colorTable(flags) + codeSize
	if at >= w.size {
		return 0, nil
	}
	if next := w.subBlocks(at); next > 0 {
		return next, nil
	}
	return w.size, nil
}

// subBlocks returns the offset after the sub-blocks at an offset, or 0 if they are cut off.
func (w *walk) subBlocks(at int) int {
	for {
		p := w.view(at, 1)
		switch {
		case p == nil:
			return 0
		case p[0] == 0:
			return at + 1
		}
		at += 1 + int(p[0])
	}
}

// gifExtension cleans the extension at an offset, and returns the offset after it, or 0 if it is cut off.
func (w *walk) gifExtension(at int) (next int, err error) {
	const head = 2
	from := at + head
	if next = w.subBlocks(from); next == 0 {
		return 0, nil
	}
	p := w.view(at, head+1)
	label, size := p[1], int(p[2])
	switch label {
	case gifControl:
		if size != 4 || next != from+1+size+1 {
			return 0, ErrBroken
		}
	case gifPlainText:
		if size != 12 {
			return 0, ErrBroken
		}
		w.zero(from+1, from+1+size)
		w.blankBlocks(from+1+size, next)
	case gifApplication:
		if size == 0 {
			return 0, ErrBroken
		}
		if w.has(from, "\x0bNETSCAPE2.0") || w.has(from, "\x0bANIMEXTS1.0") {
			w.onlyLoop(from+1+size, next)
			break
		}
		w.put(at+1, gifComment)
		w.blankBlocks(from, next)
	default:
		w.blankBlocks(from, next)
	}
	return next, nil
}

// blankBlocks replaces the sub-blocks between two offsets with others full of zeros. In the XMP that Adobe writes, the
// lengths of the sub-blocks are a part of the text.
func (w *walk) blankBlocks(from, to int) {
	w.zero(from, to)
	for left := to - from - 1; left > 0; {
		n := min(left, 1+255)
		if left-n == 1 {
			n--
		}
		w.put(from, byte(n-1))
		from, left = from+n, left-n
	}
}

// onlyLoop blanks the sub-blocks between two offsets, except the first if it has the number of repetitions.
func (w *walk) onlyLoop(from, to int) {
	if w.has(from, "\x03\x01") {
		from += 1 + 3
	}
	w.blankBlocks(from, to)
}
