package web

import (
	"io/fs"
	"path"
	"strings"
	"testing"
)

func TestSlim(t *testing.T) {
	const source = `// What this is.

/** One line. */
export const a = 'x' // stays
/*
 * Several
 * lines: // and more
 */
  if (a) {
	b() /* stays */
    // goes
  }
`
	const want = "export const a = 'x' // stays\nif (a) {\nb() /* stays */\n}\n"
	for name, want := range map[string]string{"a.js": want, "a.css": want, "index.html": source, "chatme.d.ts": source} {
		if got := string(slim(name, []byte(source))); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

// slim works on lines only: a string over several lines could contain what looks like a comment, and code after the end
// of a comment would be removed.
func TestSlimMayBeUsed(t *testing.T) {
	root, err := fs.Sub(static, "static")
	if err != nil {
		t.Fatal(err)
	}
	files, err := readFiles(root)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for name, body := range files {
		if ext := path.Ext(name); ext != ".js" && ext != ".css" {
			continue
		}
		checked++
		inComment := false
		for n, line := range strings.Split(string(body), "\n") {
			text := strings.TrimSpace(line)
			begins := strings.HasPrefix(text, "/*")
			if ends := strings.Index(text, "*/"); (begins || inComment) && ends >= 0 && ends != len(text)-2 {
				t.Errorf("%s:%d: code after the end of a comment", name, n+1)
			}
			if inComment = (begins || inComment) && !strings.Contains(text, "*/"); inComment || begins || strings.HasPrefix(text, "//") {
				continue
			}
			// In a character class of a regular expression a backtick is not a quote.
			if quotes := strings.Count(text, "`"); quotes%2 != 0 && !strings.Contains(text, "[^") {
				t.Errorf("%s:%d: a string continues on the next line", name, n+1)
			}
		}
	}
	if checked < 10 {
		t.Errorf("checked only %d files", checked)
	}
}
