package picture

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fuzz checks the promises of Clean for pictures like those samples whose names end so.
func fuzz(f *testing.F, suffixes ...string) {
	for name, data := range all() {
		for _, suffix := range suffixes {
			if strings.HasSuffix(name, suffix) {
				f.Add(data)
			}
		}
	}
	for _, path := range samples() {
		if info, err := os.Stat(path); err == nil && info.Size() < 20<<10 {
			for _, suffix := range suffixes {
				if filepath.Ext(path) == suffix {
					f.Add(must(os.ReadFile(path)))
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		strict, refused := cleaned(data, true)
		after, err := cleaned(data, false)
		if err != nil {
			if refused == nil {
				t.Fatalf("strict cleaning accepts what relaxed cleaning refuses: %v", err)
			}
			return
		}
		if refused == nil && !bytes.Equal(strict, after) {
			t.Fatal("strict cleaning has another result")
		}
		if again, err := cleaned(after, false); err != nil || !bytes.Equal(again, after) {
			t.Fatalf("cleaning again changes it: %v", err)
		}
		sameToGo(t, data, after)
	})
}

func FuzzJPEG(f *testing.F) { fuzz(f, ".jpg") }
func FuzzPNG(f *testing.F)  { fuzz(f, ".png") }
func FuzzGIF(f *testing.F)  { fuzz(f, ".gif") }
func FuzzWebP(f *testing.F) { fuzz(f, ".webp") }
func FuzzHEIF(f *testing.F) { fuzz(f, ".heic", ".heif", ".avif") }
func FuzzBMP(f *testing.F)  { fuzz(f, ".bmp") }

// FuzzClean checks base64 that may be anything.
func FuzzClean(f *testing.F) {
	for _, data := range all() {
		f.Add(base64.StdEncoding.EncodeToString(data), true)
	}
	f.Add("QUI=", false)
	f.Add("/9j/4A==", false)
	f.Fuzz(func(t *testing.T, in string, strict bool) {
		text := []byte(in)
		err := Clean(text, strict)
		if len(text) != len(in) {
			t.Fatal("the length has changed")
		}
		before, failed := base64.StdEncoding.DecodeString(in)
		valid := failed == nil && in != "" && !strings.ContainsAny(in, "\r\n")
		if valid == (err == ErrBase64) {
			t.Fatalf("%v, but as base64 it is %v", err, failed)
		}
		if err != nil {
			return
		}
		if Check([]byte(in)) != nil {
			t.Fatal("of no known kind, but cleaned")
		}
		after, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil || len(after) != len(before) {
			t.Fatalf("%d bytes, before %d: %v", len(after), len(before), err)
		}
		once := string(text)
		if err := Clean(text, strict); err != nil || string(text) != once {
			t.Fatalf("cleaning again changes it: %v", err)
		}
	})
}
