package internal_test

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// TestTopLevel: the project's folder holds what was agreed, and what git ignores. A program was once committed by mistake.
func TestTopLevel(t *testing.T) {
	agreed := []string{
		"cmd", "internal", "migrations", "go.mod", "go.sum", "chatme.db.example", "Makefile", "README.md", "LICENSE", "docs", "deploy", ".*",
	}
	text, err := os.ReadFile("../.gitignore")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		agreed = append(agreed, strings.Trim(strings.TrimSpace(line), "/"))
	}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		matches := func(pattern string) bool { ok, _ := path.Match(pattern, e.Name()); return ok }
		if !slices.ContainsFunc(agreed, matches) {
			t.Errorf("%s does not belong in the project's folder", e.Name())
		}
	}
}
