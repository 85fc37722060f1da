package picture

import "errors"

// The reasons to refuse a picture.
var (
	ErrBase64  = errors.New("not base64 with padding")
	ErrKind    = errors.New("not a picture of a known kind")
	ErrBounds  = errors.New("more pixels or frames than a picture may have")
	ErrBroken  = errors.New("a structure that cannot be read")
	ErrUnclean = errors.New("parts that cannot be cleaned")
)

// The bounds of a picture, so that one cannot take all memory of the partner's device.
const (
	maxSide   = 16_384
	maxPixels = 40_000_000    // of the picture, and of each frame
	maxFrames = 1_000         // of an animation, …
	maxMotion = 2_000_000_000 // … and the pixels of all its frames together
)

// maxParts bounds the segments, chunks, blocks and boxes of a picture, so that many tiny ones do not take more time than
// pixels do. Encoders write at most a few hundred for each megabyte.
const maxParts = 1 << 16

// walk is a picture on the way through Clean.
type walk struct {
	body
	parts   int
	frames  int
	motion  int64 // pixels of all frames
	unclean bool  // something is left that could not be cleaned
}

// walks keeps some for the next pictures. It is not a sync.Pool, because large pictures make the garbage collector run, which
// empties those.
var walks = make(chan *walk, 4)

// begin returns a walk through the picture in text, which must be valid base64. It must be given back.
func begin(text []byte) *walk {
	var w *walk
	select {
	case w = <-walks:
	default:
		w = new(walk)
	}
	w.open(text)
	w.parts, w.frames, w.motion, w.unclean = 0, 0, 0, false
	return w
}

func (w *walk) giveBack() {
	w.text = nil
	select {
	case walks <- w:
	default:
	}
}

// Check reports whether text is base64, and starts like a picture of one of the known kinds.
func Check(text []byte) error {
	if !isBase64(text) {
		return ErrBase64
	}
	w := begin(text)
	defer w.giveBack()
	if w.sniff() == nil {
		return ErrKind
	}
	return nil
}

// Clean blanks the metadata of the picture whose base64 is text. If it returns an error, text must not be used. strict
// refuses, with ErrUnclean, what relaxed cleaning leaves as it is.
func Clean(text []byte, strict bool) error {
	if !isBase64(text) {
		return ErrBase64
	}
	w := begin(text)
	defer w.giveBack()
	clean := w.sniff()
	if clean == nil {
		return ErrKind
	}
	if err := clean(w); err != nil {
		return err
	}
	if strict && w.unclean {
		return ErrUnclean
	}
	return nil
}

// sniff returns how to clean a picture that starts like this one, or nil.
func (b *body) sniff() func(*walk) error {
	switch {
	case b.has(0, jpegSignature):
		return (*walk).jpeg
	case b.has(0, pngSignature):
		return (*walk).png
	case b.has(0, "GIF87a"), b.has(0, "GIF89a"):
		return (*walk).gif
	case b.has(0, "RIFF") && b.has(8, "WEBP"):
		return (*walk).webp
	case b.has(4, "ftyp") && b.isHEIF():
		return (*walk).heif
	case b.isBMP():
		return (*walk).bmp
	}
	return nil
}

// measure checks the dimensions of a picture or frame.
func measure(width, height int) error {
	switch {
	case width <= 0 || height <= 0:
		return ErrBroken
	case width > maxSide || height > maxSide || width*height > maxPixels:
		return ErrBounds
	}
	return nil
}

// part counts a part.
func (w *walk) part() error {
	if w.parts++; w.parts > maxParts {
		return ErrBroken
	}
	return nil
}

// frame counts n frames of these dimensions.
func (w *walk) frame(n, width, height int) error {
	if n > maxFrames-w.frames {
		return ErrBounds
	}
	if width > maxSide || height > maxSide || width*height > maxPixels {
		return ErrBounds
	}
	w.frames += n
	if w.motion += int64(n) * int64(width*height); w.motion > maxMotion {
		return ErrBounds
	}
	return nil
}

// end blanks what follows the end of the picture.
func (w *walk) end(at int) error {
	w.zero(min(at, w.size), w.size)
	return nil
}
