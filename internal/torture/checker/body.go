package checker

import (
	"fmt"
	"hash/crc32"
	"strings"
)

// Body is the content of a message: who wrote it, in which chat, and as which message there.
type Body struct {
	Who   int
	Chat  string // the alias by which the writer knows its partner
	Index uint64 // 1, 2, 3…; for a resumable writer it is n
	Photo uint32 // checksum of the attached image; 0 if none
}

// bodyFormat is the text of a body, without its checksum.
const bodyFormat = "torture %d %s %d %08x"

// PhotoSum returns the checksum of an image for its message's Body, or 0 if there is no image.
func PhotoSum(url string) uint32 {
	if url == "" {
		return 0
	}
	return max(crc32.ChecksumIEEE([]byte(url)), 1)
}

// Text returns b as the text of a message. It includes marker, a word to search for where no text may be.
func (b Body) Text(marker string) string {
	text := fmt.Sprintf(bodyFormat+" %s", b.Who, b.Chat, b.Index, b.Photo, marker)
	return fmt.Sprintf("%s %08x", text, crc32.ChecksumIEEE([]byte(text)))
}

// ParseBody parses a text made by Text. It returns false if text was not made by Text or is damaged.
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

// readBody parses the body of a message with this text and image. It returns false if either differs from what was
// sent.
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
