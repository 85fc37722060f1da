package protocol

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
	"unsafe"

	"chatme/internal/picture"
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

// StripPolicy selects what happens to the metadata of images. The zero value is StripOn.
type StripPolicy uint8

const (
	StripOn     StripPolicy = iota // it is blanked
	StripStrict                    // it is blanked, and an image that may keep some of it is not relayed
	StripOff                       // it stays, and neither pixels nor frames are bounded
)

// ParseStripPolicy parses "on", "strict" or "off".
func ParseStripPolicy(s string) (StripPolicy, error) {
	switch s {
	case "on":
		return StripOn, nil
	case "strict":
		return StripStrict, nil
	case "off":
		return StripOff, nil
	}
	return 0, fmt.Errorf("strip policy %q is not on, strict or off", s)
}

// allows reports whether the image at url may be relayed, and blanks its metadata in place. An allowed url contains no
// character that JSON escapes, so it can be written unchanged.
func (r *Rules) allows(url []byte) bool {
	switch r.Images {
	case ImagesAny:
		if data := imageData(url); data != nil {
			return r.Strip.clean(data)
		}
		return isHTTPS(unsafe.String(unsafe.SliceData(url), len(url)))
	case ImagesData:
		return r.Strip.clean(imageData(url))
	}
	return false
}

// clean blanks the metadata of the image whose base64 is data, and reports whether the image may be relayed.
func (p StripPolicy) clean(data []byte) bool {
	if p == StripOff {
		return picture.Check(data) == nil
	}
	if cleansCopy {
		data = bytes.Clone(data)
	}
	return picture.Clean(data, p == StripStrict) == nil
}

// imageData returns what follows the comma of a data URI (RFC 2397) of one of the types that are relayed, without parameters,
// in base64; nil if url is none. SVG is not relayed, because it can contain scripts.
func imageData(url []byte) []byte {
	rest, ok := cutPrefixFold(url, "data:image/")
	if !ok {
		return nil
	}
	// The longest type is four bytes; do not search a whole image for a semicolon.
	i := bytes.IndexByte(rest[:min(len(rest), 5)], ';')
	if i < 0 || !isImageType(string(rest[:i])) {
		return nil
	}
	data, ok := cutPrefixFold(rest[i:], ";base64,")
	if !ok {
		return nil
	}
	return data
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

// isHTTPS reports whether url is an https URL with a host and without a character that could end it early or disguise it:
// control characters, spaces, quotes, backslashes, and invisible characters such as a change of direction. It rejects
// invalid UTF-8, which Decode never passes, because it must not be written unchanged.
func isHTTPS(url string) bool {
	const scheme = "https://"
	if len(url) < len(scheme) || !strings.EqualFold(url[:len(scheme)], scheme) || !utf8.ValidString(url) {
		return false
	}
	rest := url[len(scheme):]
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
func cutPrefixFold(s []byte, prefix string) ([]byte, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(string(s[:len(prefix)]), prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
