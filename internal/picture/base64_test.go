package picture

import (
	"strings"
	"testing"
)

func TestBase64(t *testing.T) {
	for _, s := range []string{"QUJD", "QUI=", "QQ==", "azAZ+/9zQUI="} {
		if !isBase64([]byte(s)) {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range []string{
		"", "QUI", "QU", "Q===", "====", "=", "QQ==QUJD", "QU=D", "QUJDQU-D", "QUJDQU_D", "QUJD QUJDQUJ", "QUJD\nQUJDQUJ",
		"QUJDQUJDQUJ\"", "éQUJDQU",
	} {
		if isBase64([]byte(s)) {
			t.Errorf("%q is accepted", s)
		}
	}
}

// Every byte at every place of a word, against the alphabet of RFC 4648.
func TestBase64Alphabet(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for c := range 256 {
		want := strings.IndexByte(alphabet, byte(c)) >= 0
		for i := range 12 {
			s := []byte("AzZa09+/QUJD")
			s[i] = byte(c)
			if got := isBase64(s); got != want && (c != '=' || i < 11) {
				t.Errorf("%q: %v", s, got)
			}
		}
	}
}
