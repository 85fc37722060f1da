package picture

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// photoOf returns a JPEG of at least n bytes, with the data of a camera: markers are escaped, and about one byte in 256 is
// one.
func photoOf(n int) []byte {
	noise := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(noise)
	noise = bytes.ReplaceAll(noise, []byte{0xff}, []byte{0xff, 0})
	plain := plainJPEG()
	return join(plain[:2], segment(app1, exifHead, exif(binary.BigEndian, turned)), plain[2:len(plain)-2], noise, 0xff, eoi)
}

// BenchmarkClean5MiB is a photo of 5 MiB; compare it with BenchmarkDecodeBase64.
func BenchmarkClean5MiB(b *testing.B) {
	original := base64.StdEncoding.EncodeToString(photoOf(5 << 20))
	text := make([]byte, len(original))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		copy(text, original)
		b.StartTimer()
		if err := Clean(text, true); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeBase64 decodes the photo of BenchmarkClean5MiB, and does nothing with it.
func BenchmarkDecodeBase64(b *testing.B) {
	text := []byte(base64.StdEncoding.EncodeToString(photoOf(5 << 20)))
	data := make([]byte, len(text))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := base64.StdEncoding.Decode(data, text); err != nil {
			b.Fatal(err)
		}
	}
}
