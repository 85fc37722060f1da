package picture

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bep/imagemeta"
)

// formats are the containers that the oracle reads, by how their samples end.
var formats = map[string]imagemeta.ImageFormat{
	".jpg": imagemeta.JPEG, ".png": imagemeta.PNG, ".webp": imagemeta.WebP, ".heic": imagemeta.HEIF, ".heif": imagemeta.HEIF,
	".avif": imagemeta.AVIF,
}

// tags returns what imagemeta finds in a picture: Exif, IPTC and XMP.
func tags(t testing.TB, format imagemeta.ImageFormat, data []byte) (found []string) {
	t.Helper()
	_, err := imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(data), ImageFormat: format, Sources: imagemeta.EXIF | imagemeta.IPTC | imagemeta.XMP,
		HandleTag: func(tag imagemeta.TagInfo) error {
			found = append(found, fmt.Sprintf("%v %s %v", tag.Source, tag.Tag, tag.Value))
			return nil
		},
		ShouldHandleTag: func(imagemeta.TagInfo) bool { return true },
		Warnf:           func(string, ...any) {},
	})
	_ = err // of a damaged sample; the tags before the damage count
	return found
}

// samples are the samples of the oracle, which stay in its module.
var samples = sync.OnceValue(func() []string {
	dir := must(exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/bep/imagemeta").Output())
	root := filepath.Join(strings.TrimSpace(string(dir)), "testdata", "images")
	var all []string
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if _, ok := formats[filepath.Ext(path)]; ok && err == nil && !entry.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		panic(err)
	}
	return all
})

// cleaned returns a picture after Clean.
func cleaned(data []byte, strict bool) ([]byte, error) {
	text := []byte(base64.StdEncoding.EncodeToString(data))
	length := len(text)
	if err := Clean(text, strict); err != nil {
		return nil, err
	}
	if len(text) != length {
		panic("the length has changed")
	}
	return base64.StdEncoding.DecodeString(string(text))
}

// completed adds pixels to a JPEG that has only the segments in front of them, as many samples do.
func completed(data []byte) []byte {
	at := 2
	for at+4 <= len(data) && data[at] == 0xff && data[at+1] != sos {
		next := at + 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		if next > len(data) {
			break
		}
		at = next
	}
	return append(bytes.Clone(data[:at]), plainJPEG()[2:]...)
}

// clean cleans a picture and checks what the oracle, and Go, find in it afterwards. It returns the tags of before.
func clean(t *testing.T, name string, before []byte) (had, left []string) {
	t.Helper()
	format := formats[filepath.Ext(name)]
	after, err := cleaned(before, false)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return nil, nil
	}
	again, err := cleaned(after, false)
	if err != nil || !bytes.Equal(again, after) {
		t.Errorf("%s: cleaning again changes it: %v", name, err)
	}
	if i := bytes.Index(after, []byte("canary")); i >= 0 {
		t.Errorf("%s: metadata is left at %d of %d: %.80q", name, i, len(after), after[max(i-40, 0):])
	}
	sameToGo(t, before, after)
	if format == imagemeta.ImageFormatAuto {
		return nil, nil
	}
	had, left = tags(t, format, before), tags(t, format, after)
	for _, tag := range left {
		if !strings.HasPrefix(tag, "EXIF Orientation ") {
			t.Errorf("%s still has %s, and %d tags", name, tag, len(left))
			break
		}
	}
	return had, left
}

// TestOracleSamples cleans the samples of the oracle: nothing is left but the orientation.
func TestOracleSamples(t *testing.T) {
	had, count, turned := 0, 0, 0
	for _, path := range samples() {
		before := must(os.ReadFile(path))
		if filepath.Base(path) == "largeexif.png" { // without a signature, and without pixels
			continue
		}
		if _, err := cleaned(before, false); err != nil && filepath.Ext(path) == ".jpg" {
			before = completed(before)
		}
		was, left := clean(t, path, before)
		if count++; len(was) > 0 {
			had++
		}
		turned += len(left)
	}
	t.Logf("%d of %d samples had tags; %d keep an orientation", had, count, turned)
	if had < 80 {
		t.Errorf("only %d samples had tags", had)
	}
}

// TestSamples cleans pictures of each kind with as much metadata as they can have.
func TestSamples(t *testing.T) {
	for name, data := range all() {
		t.Run(name, func(t *testing.T) {
			had, left := clean(t, name, data)
			switch filepath.Ext(name) {
			case ".jpg", ".png", ".webp":
				if want := fmt.Sprint("EXIF Orientation ", turned); !slices.Equal(left, []string{want}) {
					t.Errorf("left are %q, want %q", left, want)
				}
				fallthrough
			case ".heic", ".heif":
				if len(had) < 3 && name != "prefixed.webp" { // it does not know the prefix
					t.Errorf("the oracle sees only %q in the sample", had)
				}
			}
		})
	}
}
