package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheck: what compiles on this system and not on another is found, also in a function of a package that main imports.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":               "module m\n\ngo 1.26\n",
		"cmd/m/main.go":        "//go:build unix\n\npackage main\n\nimport \"m/limit\"\n\nfunc main() { limit.Get() }\n",
		"cmd/m/unsupported.go": "//go:build !unix\n\npackage main\n\nfunc main() {}\n",
		"limit/limit.go":       "package limit\n\nimport \"syscall\"\n\nfunc Get() uint64 {\n\tvar own syscall.Rlimit\n\treturn own.Cur\n}\n",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, target := range targets {
		found, err := target.check(dir)
		if err != nil {
			t.Fatal(err)
		}
		if target.os != "freebsd" { // where the limit is an int64
			if len(found) > 0 {
				t.Errorf("%s: %v", target.os, found)
			}
			continue
		}
		if len(found) != 1 || !strings.Contains(found[0].Pos, "limit.go:7:") {
			t.Errorf("%s: %v, want one error in line 7 of limit.go", target.os, found)
		}
	}
	if found, err := (target{"darwin", "amd64", "./..."}).check(t.TempDir()); err == nil && len(found) == 0 {
		t.Error("an empty directory compiles")
	}
}
