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
	picture image.Image
	frames  *gif.GIF
	err     string
	errAll  string
}

func look(data []byte) (s seen) {
	config, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return seen{err: err.Error()}
	}
	if config.Width*config.Height > 4<<20 {
		return seen{err: "large"} // it would only take time
	}
	s.picture, _, err = image.Decode(bytes.NewReader(data))
	if err != nil {
		s.err = err.Error()
	}
	if kind == "gif" {
		s.frames, err = gif.DecodeAll(bytes.NewReader(data))
		if err != nil {
			s.errAll = err.Error()
		}
	}
	return s
}

// sameToGo checks that Go shows a cleaned picture as it showed the original.
func sameToGo(t testing.TB, before, after []byte) {
	t.Helper()
	was, is := look(before), look(after)
	if was.err == "png: invalid format: invalid checksum" && is.err != was.err {
		return // a blanked chunk has its checksum right
	}
	if was.err == "" && is.err == "" && was.errAll == is.errAll {
		if !reflect.DeepEqual(was, is) {
			t.Fatal("Go shows another picture")
		}
		return
	}
	if (was.err == "") != (is.err == "") || (was.errAll == "") != (is.errAll == "") {
		t.Fatalf("Go said %q, %q, and now %q, %q", was.err, was.errAll, is.err, is.errAll)
	}
}
