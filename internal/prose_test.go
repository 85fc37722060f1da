package internal_test

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// phrases must not come back: each reads like a translation. A line that matches has the word; it spares most lines the
// pattern.
var phrases = []struct{ word, pattern, instead string }{
	{"whether", `\bsay(s|ing)? whether\b`, `"reports whether"`},
	{" is no ", `\b(it|this|that|which|[a-z]+(file|base|socket|server|client|session|key|chat|name)) is no ([a-km-z]|l[a-np-z])`, `"is not a"`},
	{"whoever", `\bwhoever\b`, `"the client that", "anyone who"`},
	{"those who", `\bthose who\b`, `"clients that"`},
	{"somebody", `\bsomebody\b`, `"another client", "someone"`},
	{"an own", `\ban own\b`, `"its own"`},
	{"begun anew", `\bbegun anew\b`, `"reset"`},
	{"befall", `\bbefall`, `"injects"`},
	{"the one of", `\bthe one of before\b`, `"the current one", "the previous one"`},
	{"for who", `\bfor who is\b`, `"for clients that are"`},
	{"who is", `\bwho is away\b`, `"that is away", "a disconnected partner"`},
	{"at a stop", `\bat a stop\b`, `"during shutdown"`},
	{"until the end", `\buntil the end of its time\b`, `"until it expires"`},
	{"due since", `\bis due since\b`, `"has been due for"`},
	{"come on", `\bdoes not come on\b`, `"stalled"`},
	{"is it well", `\bis it well\b`, `"Health checks"`},
}

// TestProse looks for the phrases in everything that people read: documents, comments, help, logs, errors, the page.
func TestProse(t *testing.T) {
	patterns := make([]*regexp.Regexp, len(phrases))
	for i, p := range phrases {
		patterns[i] = regexp.MustCompile(p.pattern)
	}
	seen := 0
	err := fs.WalkDir(os.DirFS(".."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "bin", "dist", "node_modules"}, d.Name()):
			return fs.SkipDir
		case d.IsDir() || !isProse(name) || name == "internal/prose_test.go":
			return nil
		}
		text, err := os.ReadFile(path.Join("..", name))
		if err != nil {
			return err
		}
		seen++
		text = bytes.ToLower(text)
		for i, p := range phrases {
			if !bytes.Contains(text, []byte(p.word)) {
				continue
			}
			for number, line := range bytes.Split(text, []byte("\n")) {
				if !bytes.Contains(line, []byte(p.word)) {
					continue
				}
				if found := patterns[i].Find(line); found != nil {
					t.Errorf("%s:%d: %q; write %s", name, number+1, found, p.instead)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 500 {
		t.Errorf("only %d files were read", seen)
	}
}

// isProse reports whether a person reads the file of this name.
func isProse(name string) bool {
	if strings.HasPrefix(name, "migrations/000") { // a migration that has run is never changed
		return false
	}
	return slices.Contains([]string{".go", ".md", ".sql", ".js", ".mjs", ".ts", ".html", ".css", ".txt", ".conf", ".service", ".yml"}, path.Ext(name)) ||
		path.Base(name) == "Makefile" || path.Ext(name) == "" && strings.HasPrefix(name, ".ci/")
}
