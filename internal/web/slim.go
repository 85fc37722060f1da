package web

import (
	"bytes"
	"path"
)

// slim returns a script or a style sheet without comment lines and without indentation, which are two fifths of the
// source. It works on lines only, so it must be used only for the embedded files, in which every string ends on the line
// where it begins. TestSlimMayBeUsed checks that.
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
