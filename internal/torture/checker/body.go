package checker

import (
	"fmt"
	"hash/crc32"
	"strings"
)

// Body is what a message says: who wrote it, in which chat, as which of its messages there.
type Body struct {
	Who   int
	Chat  string // the alias by which the writer knows its partner
	Index uint64 // 1, 2, 3…; for a resumable writer it is n
	Photo uint32 // the checksum of the image beside it; 0: none
}

// bodyFormat is a body in words, without its checksum.
const bodyFormat = "torture %d %s %d %08x"

// PhotoSum is the checksum of an image that stands in its message's Body, 0 of none.
func PhotoSum(url string) uint32 {
	if url == "" {
		return 0
	}
	return max(crc32.ChecksumIEEE([]byte(url)), 1)
}

// Text returns b as a message's text. marker is carried along, a word that can be looked for where no text must be.
func (b Body) Text(marker string) string {
	text := fmt.Sprintf(bodyFormat+" %s", b.Who, b.Chat, b.Index, b.Photo, marker)
	return fmt.Sprintf("%s %08x", text, crc32.ChecksumIEEE([]byte(text)))
}

// ParseBody reads a text made by Text; false if it is none, or not whole.
func ParseBody(text string) (Body, bool) {
	at := strings.LastIndexByte(text, ' ')
	if at < 0 || fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text[:at]))) != text[at+1:] {
		return Body{}, false
	}
	var b Body
	if _, err := fmt.Sscanf(text[:at], bodyFormat, &b.Who, &b.Chat, &b.Index, &b.Photo); err != nil {
		return Body{}, false
	}
	return b, true
}

// readBody reads the body of a message that has this text and this image; false if one of them is not what was sent.
func readBody(text, image string) (Body, bool) {
	b, ok := ParseBody(text)
	if !ok || b.Photo != PhotoSum(image) {
		return Body{}, false
	}
	return b, true
}

func (b Body) String() string {
	photo := ""
	if b.Photo != 0 {
		photo = ":photo"
	}
	return fmt.Sprintf("%d:%.8s:%d%s", b.Who, b.Chat, b.Index, photo)
}
