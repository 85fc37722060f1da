package testcard

import (
	"bytes"
	"encoding/base64"
	"image"
	_ "image/jpeg" // for image.Decode
	"strings"
	"testing"

	"chatme/internal/picture"
)

// Test cards are pictures, and cleaning leaves them as they are.
func TestURI(t *testing.T) {
	for _, filling := range []string{"", "AAAA", strings.Repeat("1", 1<<20), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefff"[:32]} {
		uri := URI(filling)
		text, ok := strings.CutPrefix(uri, "data:image/jpeg;base64,")
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil || !ok {
			t.Fatalf("%v: %.80s", err, uri)
		}
		if m, _, err := image.Decode(bytes.NewReader(data)); err != nil || m.Bounds() != image.Rect(0, 0, 8, 8) {
			t.Errorf("%.20s: %v", filling, err)
		}
		after := []byte(text)
		if err := picture.Clean(after, true); err != nil || string(after) != text {
			t.Errorf("%.20s: cleaning changes it: %v", filling, err)
		}
	}
}
