package protocol

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ImagePolicy selects which images are relayed. The zero value is ImagesAny.
type ImagePolicy uint8

const (
	ImagesAny  ImagePolicy = iota // data URIs and https URLs: everything that the protocol allows
	ImagesData                    // data URIs only: a remote URL shows the viewer's IP address to its host
	ImagesOff                     // none
)

// ParseImagePolicy parses "any", "data" or "off".
func ParseImagePolicy(s string) (ImagePolicy, error) {
	switch s {
	case "any":
		return ImagesAny, nil
	case "data":
		return ImagesData, nil
	case "off":
		return ImagesOff, nil
	}
	return 0, fmt.Errorf("image policy %q is not any, data or off", s)
}

// String returns the form that ParseImagePolicy parses.
func (p ImagePolicy) String() string {
	switch p {
	case ImagesAny:
		return "any"
	case ImagesData:
		return "data"
	case ImagesOff:
		return "off"
	}
	return fmt.Sprintf("ImagePolicy(%d)", uint8(p))
}

// Allows reports whether the image at url may be relayed. An allowed url contains no character that JSON escapes, so it can
// be written unchanged.
func (p ImagePolicy) Allows(url string) bool {
	switch p {
	case ImagesAny:
		return isDataImage(url) || isHTTPS(url)
	case ImagesData:
		return isDataImage(url)
	}
	return false
}

// isDataImage reports whether url is a data URI (RFC 2397) of one of the types that are relayed, without parameters,
// in base64 with padding (RFC 4648, section 4), and not empty. SVG is not relayed, because it can contain scripts.
func isDataImage(url string) bool {
	rest, ok := cutPrefixFold(url, "data:image/")
	if !ok {
		return false
	}
	// The longest type is four bytes; do not search a whole image for a semicolon.
	i := strings.IndexByte(rest[:min(len(rest), 5)], ';')
	if i < 0 || !isImageType(rest[:i]) {
		return false
	}
	data, ok := cutPrefixFold(rest[i:], ";base64,")
	return ok && isBase64(data)
}

// isImageType reports whether s is a subtype that is relayed. It also compares the lengths: a character that Unicode folds
// to an ASCII letter, such as the Kelvin sign to k, is longer than that letter.
func isImageType(s string) bool {
	for _, t := range [...]string{"png", "jpeg", "jpg", "gif", "webp", "avif", "heic", "heif", "bmp"} {
		if len(s) == len(t) && strings.EqualFold(s, t) {
			return true
		}
	}
	return false
}

// isBase64 reports whether s is base64 with correct padding, and not empty.
func isBase64(s string) bool {
	if len(s) == 0 || len(s)%4 != 0 {
		return false
	}
	if s[len(s)-1] == '=' {
		s = s[:len(s)-1]
		if s[len(s)-1] == '=' {
			s = s[:len(s)-1]
		}
	}
	for len(s) >= 8 {
		if !allBase64(word(s)) {
			return false
		}
		s = s[8:]
	}
	for i := range len(s) {
		c := s[i]
		if c|0x20-'a' > 25 && c-'0' > 9 && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

// word returns the first eight bytes of s, the first in the lowest byte.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// allBase64 reports whether all eight bytes of x are in the base64 alphabet. For bytes below 0x80, adding 0x80-a sets the
// high bit from a on, without a carry into the next byte.
func allBase64(x uint64) bool {
	const (
		ones  = 0x0101010101010101
		highs = 0x80 * ones
	)
	if x&highs != 0 {
		return false
	}
	lower := x | 0x20*ones
	letter := (lower + (0x80-'a')*ones) &^ (lower + (0x80-'z'-1)*ones)
	digit := (x + (0x80-'/')*ones) &^ (x + (0x80-'9'-1)*ones) // a slash comes right before 0
	plus := (x + (0x80-'+')*ones) &^ (x + (0x80-'+'-1)*ones)
	return (letter|digit|plus)&highs == highs
}

// isHTTPS reports whether url is an https URL with a host and without a character that could end it early or disguise it:
// control characters, spaces, quotes, backslashes, and invisible characters such as a change of direction. It rejects
// invalid UTF-8, which Decode never passes, because it must not be written unchanged.
func isHTTPS(url string) bool {
	rest, ok := cutPrefixFold(url, "https://")
	if !ok || !utf8.ValidString(rest) {
		return false
	}
	for _, r := range rest {
		// IsGraphic without the spaces: it excludes Cc, Cf, Zs, Zl, Zp and unassigned characters.
		if !unicode.IsPrint(r) || r == ' ' || r == '"' || r == '\'' || r == '`' || r == '\\' {
			return false
		}
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	if strings.HasPrefix(host, "[") {
		return strings.IndexByte(host, ']') > 1
	}
	host, _, _ = strings.Cut(host, ":")
	return host != ""
}

// cutPrefixFold cuts an ASCII prefix off s, in upper or lower case. Because the lengths are equal, only ASCII folds to it.
func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
