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

// phrases must not come back: each reads like a translation. The second column says what to write.
var phrases = []struct{ pattern, instead string }{
	{`\bsay(s|ing)? whether\b`, `"reports whether"`},
	{`\b(it|this|that|which|[a-z]+(file|base|socket|server|client|session|key|chat|name)) is no ([a-km-z]|l[a-np-z])`, `"is not a"`},
	{`\bwhoever\b`, `"the client that", "anyone who"`},
	{`\bthose who\b`, `"clients that"`},
	{`\bsomebody\b`, `"another client", "someone"`},
	{`\ban own\b`, `"its own"`},
	{`\bbegun anew\b`, `"reset"`},
	{`\bbefall`, `"injects"`},
	{`\bthe one of before\b`, `"the current one", "the previous one"`},
	{`\bfor who is\b`, `"for clients that are"`},
	{`\bwho is away\b`, `"that is away", "a disconnected partner"`},
	{`\bat a stop\b`, `"during shutdown"`},
	{`\buntil the end of its time\b`, `"until it expires"`},
	{`\bis due since\b`, `"has been due for"`},
	{`\bdoes not come on\b`, `"stalled"`},
	{`\bis it well\b`, `"Health checks"`},
}

// TestProse looks for the phrases in everything that people read: documents, comments, help, logs, errors, the page.
func TestProse(t *testing.T) {
	var all []string
	for _, p := range phrases {
		all = append(all, "(?:"+p.pattern+")")
	}
	anyOf := regexp.MustCompile(`(?i)` + strings.Join(all, "|"))
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
		for number, line := range bytes.Split(text, []byte("\n")) {
			if found := anyOf.Find(line); found != nil {
				t.Errorf("%s:%d: %q; write %s", name, number+1, found, insteadOf(string(found)))
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

func insteadOf(found string) string {
	for _, p := range phrases {
		if regexp.MustCompile(`(?i)^(?:` + p.pattern + `)$`).MatchString(found) {
			return p.instead
		}
	}
	return "it in other words"
}
