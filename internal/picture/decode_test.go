package picture

import (
	"bytes"
	"image"
	"image/gif"
	_ "image/jpeg" // for image.Decode
	_ "image/png"
	"reflect"
	"testing"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"
)

// seen is what Go shows of a picture.
type seen struct {
	pictures []image.Image
	delays   []int
	loops    int
	err      string
}

func look(data []byte) (s seen) {
	const most = 1 << 18 // pixels; more would only take time
	config, kind, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case err != nil:
		return seen{err: err.Error()}
	case config.Width*config.Height > most:
		return seen{loops: config.Width * config.Height}
	case kind == "gif":
		all, err := gif.DecodeAll(bytes.NewReader(data))
		if err != nil {
			return seen{err: err.Error()}
		}
		for _, frame := range all.Image {
			s.pictures = append(s.pictures, frame)
		}
		s.delays, s.loops = all.Delay, all.LoopCount
		return s
	}
	m, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return seen{err: err.Error()}
	}
	s.pictures = []image.Image{m}
	return s
}

// same reports whether two pictures have the same pixels and bounds.
func same(a, b image.Image) bool {
	x, ok := a.(*image.YCbCr)
	y, also := b.(*image.YCbCr)
	if !ok || !also {
		return reflect.DeepEqual(a, b)
	}
	return x.Rect == y.Rect && x.SubsampleRatio == y.SubsampleRatio && bytes.Equal(x.Y, y.Y) && bytes.Equal(x.Cb, y.Cb) && bytes.Equal(x.Cr, y.Cr)
}

// sameToGo checks that Go shows a cleaned picture as it showed the original.
func sameToGo(t testing.TB, before, after []byte) {
	t.Helper()
	if bytes.Equal(before, after) {
		return
	}
	was, is := look(before), look(after)
	if was.err == "png: invalid format: invalid checksum" {
		return // a blanked chunk has its checksum right
	}
	if (was.err == "") != (is.err == "") {
		t.Fatalf("Go said %q, and now %q", was.err, is.err)
	}
	if len(was.pictures) != len(is.pictures) || was.loops != is.loops || !reflect.DeepEqual(was.delays, is.delays) {
		t.Fatal("Go shows another animation")
	}
	for i := range was.pictures {
		if !same(was.pictures[i], is.pictures[i]) {
			t.Fatal("Go shows another picture")
		}
	}
}
