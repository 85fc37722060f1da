package picture

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// refusal returns how Clean refuses a picture.
func refusal(data []byte, strict bool) error {
	_, err := cleaned(data, strict)
	return err
}

func pngOf(width, height uint32, more ...[]byte) []byte {
	return join(pngSignature, chunk("IHDR", width, height, 8, 0, 0, 0, 0), bytes.Join(more, nil), chunk("IDAT", "pixels"), chunk("IEND"))
}

func gifOf(width, height uint16, frames int) []byte {
	size := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, width), height)
	frame := join(gifImage, make([]byte, 4), size, 0, 2, 1, 0, 0)
	return join("GIF89a", size, 0, 0, 0, bytes.Repeat(frame, frames), gifTrailer)
}

func jpegOf(width, height uint16) []byte {
	return join("\xff\xd8", segment(sof0, 8, height, width, 1, 1, 0x11, 0), segment(sos, 1, 1, 0, 0, 63, 0), "pixels\xff\xd9")
}

func webpOf(width, height uint32, frames int, w, h uint32) []byte {
	size := func(w, h uint32) []byte {
		return []byte{byte(w - 1), byte((w - 1) >> 8), byte((w - 1) >> 16), byte(h - 1), byte((h - 1) >> 8), byte((h - 1) >> 16)}
	}
	frame := riff("ANMF", make([]byte, 6), size(w, h), make([]byte, 4), riff("VP8L", dot[20:]))
	return riff("RIFF", "WEBP", riff("VP8X", 2, 0, 0, 0, size(width, height)), bytes.Repeat(frame, frames))
}

func heicOf(width, height uint32) []byte {
	return join(isoBox("ftyp", "heic", uint32(0)),
		fullBox("meta", 0, isoBox("iprp", isoBox("ipco", fullBox("ispe", 0, width, height)))), isoBox("mdat", "pixels"))
}

func bmpOf(width, height uint32, packing int, pixels int) []byte {
	b := bmpSample()[:54]
	binary.LittleEndian.PutUint32(b[10:], 54)
	binary.LittleEndian.PutUint32(b[18:], width)
	binary.LittleEndian.PutUint32(b[22:], height)
	b[28], b[30] = 24, byte(packing)
	clear(b[34:38])
	return join(b, make([]byte, pixels))
}

// A picture has at most 40 megapixels and 16,384 pixels a side; an animation 1,000 frames, and 2 gigapixels in all.
func TestBounds(t *testing.T) {
	frameOf := func(width, height uint32) []byte { return chunk("fcTL", uint32(0), width, height, make([]byte, 14)) }
	sized := func(frames, width, height int) []byte {
		data := bytes.Clone(movieSample(false))
		at := bytes.Index(data, []byte("stsz")) + 4
		binary.BigEndian.PutUint32(data[at+8:], uint32(frames))
		at = bytes.Index(data, []byte("av01")) + 4 + 24
		binary.BigEndian.PutUint16(data[at:], uint16(width))
		binary.BigEndian.PutUint16(data[at+2:], uint16(height))
		return data
	}
	for name, tt := range map[string]struct {
		data []byte
		want error
	}{
		"png, largest":         {pngOf(8000, 5000), nil},
		"png, wide":            {pngOf(16_385, 1), ErrBounds},
		"png, many pixels":     {pngOf(8000, 5001), ErrBounds},
		"png, huge":            {pngOf(1<<31, 1<<31), ErrBounds},
		"png, empty":           {pngOf(0, 1), ErrBroken},
		"png, two heads":       {pngOf(1, 1, chunk("IHDR", uint32(1), uint32(1), 8, 0, 0, 0, 0)), ErrBroken},
		"apng, many":           {pngOf(1, 1, chunk("acTL", uint32(1000), uint32(0))), nil},
		"apng, too many":       {pngOf(1, 1, chunk("acTL", uint32(1001), uint32(0))), ErrBounds},
		"apng, untold":         {pngOf(1, 1, bytes.Repeat(frameOf(1, 1), 1001)), ErrBounds},
		"apng, 2 gigapixels":   {pngOf(1, 1, bytes.Repeat(frameOf(8000, 5000), 50)), nil},
		"apng, more":           {pngOf(1, 1, bytes.Repeat(frameOf(8000, 5000), 51)), ErrBounds},
		"apng, a large frame":  {pngOf(1, 1, frameOf(16_385, 1)), ErrBounds},
		"gif, largest":         {gifOf(8000, 5000, 50), nil},
		"gif, more":            {gifOf(8000, 5000, 51), ErrBounds},
		"gif, wide":            {gifOf(16_385, 1, 1), ErrBounds},
		"gif, many":            {gifOf(1, 1, 1000), nil},
		"gif, too many":        {gifOf(1, 1, 1001), ErrBounds},
		"gif, none":            {gifOf(1, 1, 0), ErrBroken},
		"jpeg, largest":        {jpegOf(8000, 5000), nil},
		"jpeg, many pixels":    {jpegOf(8000, 5001), ErrBounds},
		"jpeg, high":           {jpegOf(1, 16_385), ErrBounds},
		"jpeg, height later":   {jpegOf(1, 0), ErrBroken},
		"webp, largest":        {webpOf(8000, 5000, 1, 8000, 5000), nil},
		"webp, wide":           {webpOf(16_385, 1, 1, 1, 1), ErrBounds},
		"webp, a large frame":  {webpOf(1, 1, 1, 16_385, 1), ErrBounds},
		"webp, many":           {webpOf(1, 1, 1000, 1, 1), nil},
		"webp, too many":       {webpOf(1, 1, 1001, 1, 1), ErrBounds},
		"webp, more":           {webpOf(8000, 5000, 51, 8000, 5000), ErrBounds},
		"webp, a large VP8":    {riff("RIFF", "WEBP", riff("VP8 ", "\x00\x00\x00\x9d\x01\x2a\xff\x3f\xff\x3f")), ErrBounds},
		"webp, a large VP8L":   {riff("RIFF", "WEBP", riff("VP8L", "\x2f\xff\xff\xff\x0f\x00")), ErrBounds},
		"heic, largest":        {heicOf(8000, 5000), nil},
		"heic, many pixels":    {heicOf(8000, 5001), ErrBounds},
		"heic, huge":           {heicOf(1<<32-1, 1<<32-1), ErrBounds},
		"sequence, many":       {sized(1000, 16, 8), nil},
		"sequence, too many":   {sized(1001, 16, 8), ErrBounds},
		"sequence, more":       {sized(51, 8000, 5000), ErrBounds},
		"sequence, large":      {sized(1, 16_385, 1), ErrBounds},
		"bmp":                  {bmpOf(10, 10, bmpPlain, 320), nil},
		"bmp, from the top":    {bmpOf(10, ^uint32(9), bmpPlain, 320), nil},
		"bmp, many pixels":     {bmpOf(8000, 5001, bmpPlain, 0), ErrBounds},
		"bmp, negative":        {bmpOf(^uint32(9), 10, bmpPlain, 0), ErrBroken},
		"bmp, a PNG inside":    {bmpOf(10, 10, 5, 0), ErrBroken},
		"jpeg, without pixels": {join("\xff\xd8", segment(com, canary), "\xff\xd9"), ErrBroken},
		"png, for Apple":       {pngOf(1, 1, chunk("CgBI", uint32(0))), ErrBroken},
	} {
		if err := refusal(tt.data, false); err != tt.want {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

// A picture of many tiny parts takes no more time than one of pixels.
func TestParts(t *testing.T) {
	text := chunk("tEXt")
	plain := plainJPEG()
	for name, data := range map[string][]byte{
		"png":  pngOf(1, 1, bytes.Repeat(text, maxParts)),
		"jpeg": join(plain[:2], bytes.Repeat(segment(com), maxParts), plain[2:]),
		"junk": join(plain[:3], bytes.Repeat([]byte{0}, maxParts+9), plain[2:]),
		"gif":  join(gifOf(1, 1, 1)[:13], bytes.Repeat([]byte("\x21\xfe\x01c\x00"), maxParts), gifOf(1, 1, 1)[13:]),
		"heic": join(heicOf(1, 1)[:16], bytes.Repeat(isoBox("free"), maxParts), heicOf(1, 1)[16:]),
	} {
		if err := refusal(data, false); err != ErrBroken {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := refusal(pngOf(1, 1, bytes.Repeat(text, maxParts-9)), false); err != nil {
		t.Errorf("as many as there may be: %v", err)
	}
}

// What is not a picture is refused, whatever it is declared to be.
func TestKinds(t *testing.T) {
	for _, s := range []string{
		"<html><script>alert(1)</script></html>", `<svg xmlns="http://www.w3.org/2000/svg"/>`, "%PDF-1.7\n1 0 obj", "II*\x00\x08\x00\x00\x00",
		"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42", "RIFF\x04\x00\x00\x00WAVE", "a", "BM is how this text starts, and it goes on",
		"\xff\xd8", "GIF88a\x01\x00\x01\x00", "\x00\x00\x01\x00\x01\x00",
	} {
		text := []byte(base64.StdEncoding.EncodeToString([]byte(s)))
		if err := Clean(text, false); err != ErrKind {
			t.Errorf("%q: %v", s, err)
		}
		if err := Check(text); err != ErrKind {
			t.Errorf("%q: Check says %v", s, err)
		}
	}
	for name, data := range all() {
		if err := Check([]byte(base64.StdEncoding.EncodeToString(data))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Check([]byte("QUI")); err != ErrBase64 {
		t.Errorf("without padding: %v", err)
	}
}

// Strict cleaning refuses what relaxed cleaning may leave.
func TestStrict(t *testing.T) {
	item := func(kind string) []byte {
		return bytes.Replace(heicSample("heic", 0, false), []byte("hvc1"), []byte(kind), 1)
	}
	within := heicSample("heic", 1, true) // the third item is in idat; now it is in another item
	at := bytes.Index(within, []byte("\x00\x03\x00\x01\x00\x00\x00\x02")) + 3
	within[at] = 2
	for name, data := range map[string][]byte{
		"a JPEG in HEIC": item("jpeg"), "an item in an item": within, "sound": movieSample(true), "a BMP without its length": bmpOf(1, 1, bmpRLE8, 9),
	} {
		if err := refusal(data, true); err != ErrUnclean {
			t.Errorf("%s, strict: %v", name, err)
		}
		if err := refusal(data, false); err != nil {
			t.Errorf("%s, relaxed: %v", name, err)
		}
	}
	for name, data := range all() {
		if err := refusal(data, true); err != nil && name != "sound.avif" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What shows the picture stays.
func TestKept(t *testing.T) {
	for name, want := range map[string][]string{
		"photo.jpg":     {"ICC_PROFILE\x00\x01\x01a profile", "JFIF\x00\x01\x02"},
		"still.png":     {"pHYs\x00\x00\x00\x01"},
		"animated.png":  {"acTL", "fcTL", "fdAT"},
		"animated.gif":  {"NETSCAPE2.0\x03\x01\x03\x00"},
		"still.webp":    {"ICCP\x0a\x00\x00\x00a profile."},
		"animated.webp": {"ANIM", "ANMF"},
		"0.heic":        {"the coded picture", "irot\x01", "grid"},
		"1.heic":        {"the coded picture", "grid"},
		"sequence.avif": {"pictures", "stsz", "av01"},
	} {
		after, err := cleaned(all()[name], true)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, s := range want {
			if !bytes.Contains(after, []byte(s)) {
				t.Errorf("%s: %q is gone", name, s)
			}
		}
	}
}

// A profile that is too long to be only that goes; others stay.
func TestProfiles(t *testing.T) {
	for size, stays := range map[int]bool{maxProfile: true, maxProfile + 1: false} {
		after, err := cleaned(pngOf(1, 1, chunk("iCCP", bytes.Repeat([]byte{'p'}, size))), true)
		if err != nil || bytes.Contains(after, []byte("iCCPppp")) != stays {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// The orientation survives in both byte orders; what is no orientation does not.
func TestOrientation(t *testing.T) {
	for n := range uint16(12) {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			plain := plainJPEG()
			after, err := cleaned(join(plain[:2], segment(app1, exifHead, exif(order, n)), plain[2:]), true)
			if err != nil {
				t.Fatal(err)
			}
			want := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(rune(n)) + strings.Repeat("\x00", 8)
			if keeps := 2 <= n && n <= 8; bytes.Contains(after, []byte(want)) != keeps || bytes.Contains(after, []byte("Exif")) != keeps {
				t.Errorf("%d, %v", n, order)
			}
		}
	}
}

// A picture that is cut off anywhere is refused, or clean.
func TestCutOff(t *testing.T) {
	for name, data := range all() {
		accepted := 0
		for n := range data {
			after, err := cleaned(data[:n], false)
			switch {
			case err == nil:
				accepted++
				if i := bytes.Index(after, []byte("canary")); i >= 0 {
					t.Fatalf("%s, %d of %d bytes: metadata is left at %d", name, n, len(data), i)
				}
				sameToGo(t, data[:n], after)
			case !errors.Is(err, ErrBroken) && !errors.Is(err, ErrKind) && !errors.Is(err, ErrBase64):
				t.Fatalf("%s, %d of %d bytes: %v", name, n, len(data), err)
			}
		}
		if accepted == 0 {
			t.Errorf("%s: never accepted", name)
		}
	}
}
