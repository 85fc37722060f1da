package web

import (
	"bytes"
	"path"
)

// slim returns a script or a style sheet without the lines that are only a comment, and without the spaces that lines
// begin with: they are for whoever reads the source, and are two fifths of it. It knows lines and nothing more, so it
// is for our own files only, whose texts all end on the line they begin on; a test sees to that.
func slim(name string, body []byte) []byte {
	switch path.Ext(name) {
	case ".js", ".css":
	default:
		return body
	}
	kept, inComment := make([]byte, 0, len(body)), false
	for line := range bytes.Lines(body) {
		text := bytes.TrimLeft(line, " \t")
		if bytes.HasPrefix(text, []byte("/*")) {
			inComment = true
		}
		if inComment {
			inComment = !bytes.Contains(text, []byte("*/"))
			continue
		}
		if len(bytes.TrimSpace(text)) == 0 || bytes.HasPrefix(text, []byte("//")) {
			continue
		}
		kept = append(kept, text...)
	}
	return kept
}
