package stage_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryTestHasAStage: make test skips the tests of APART in its first stage, so its second stage must run them all.
func TestEveryTestHasAStage(t *testing.T) {
	text, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	variable := func(name string) string {
		found := regexp.MustCompile(`(?m)^` + name + ` := (.*)$`).FindSubmatch(text)
		if found == nil {
			t.Fatalf("the Makefile does not define %s", name)
		}
		return string(found[1])
	}
	apart := regexp.MustCompile(strings.ReplaceAll(strings.Trim(variable("APART"), "'"), "$$", "$"))
	packages := strings.Fields(variable("APART_IN"))
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	with := map[string]bool{}
	root := os.DirFS("../..")
	err = fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || name == ".ci" || name == "internal/bench"):
			return fs.SkipDir
		case !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		for _, found := range function.FindAllSubmatch(text, -1) {
			if apart.Match(found[1]) {
				dir := "./" + path.Dir(name)
				with[dir] = true
				if !slices.Contains(packages, dir) {
					t.Errorf("%s: no stage of make test runs %s", name, found[1])
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range packages {
		if !with[dir] {
			t.Errorf("%s has no test for the second stage", dir)
		}
	}
}
