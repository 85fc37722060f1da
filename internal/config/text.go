package config

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
)

// byteOrderMark is put before UTF-8 text by some editors.
const byteOrderMark = "\uFEFF"

// readText returns the text of the open file with \n line ends and without a byte order mark. A file of more than limit
// bytes is an error. The error repeats nothing of the content.
func readText(file *os.File, limit int64, purpose string) (string, error) {
	name := file.Name()
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return "", unread(name, err)
	}
	if int64(len(content)) > limit {
		return "", fmt.Errorf("%s is larger than %d KiB; it should hold %s", name, limit>>10, purpose)
	}
	if bytes.HasPrefix(content, []byte("\xff\xfe")) || bytes.HasPrefix(content, []byte("\xfe\xff")) {
		return "", fmt.Errorf("%s is UTF-16; save it as UTF-8", name)
	}
	text := strings.TrimPrefix(string(content), byteOrderMark)
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	if before, _, found := strings.Cut(text, "\x00"); found {
		return "", fmt.Errorf("%s, line %d: NUL character; if the file is UTF-16, save it as UTF-8", name, 1+strings.Count(before, "\n"))
	}
	return text, nil
}

// hidden returns the first invisible character of text: a control or format character, a space other than U+0020, or a
// letter without a glyph.
func hidden(text string) (r rune, found bool) {
	i := strings.IndexFunc(text, func(r rune) bool {
		return !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
	})
	if i < 0 {
		return 0, false
	}
	return []rune(text[i:])[0], true
}
