package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// built is the binaries that tests have asked for: each is linked once, which takes seconds.
var built struct {
	mu   sync.Mutex
	dir  string            // "" before the first; removed after the last test
	made map[string]string // by tags
}

// build makes the binary as make build does, so that the build cache serves both.
func build(t *testing.T, bin string) { buildTagged(t, bin, "") }

// buildMutants makes the binary with the bugs that CHATME_MUTANT switches on.
func buildMutants(t *testing.T, bin string) { buildTagged(t, bin, "mutants") }

func buildTagged(t *testing.T, bin, tags string) {
	t.Helper()
	built.mu.Lock()
	defer built.mu.Unlock()
	if built.made[tags] == "" {
		if built.dir == "" {
			dir, err := os.MkdirTemp("", "chatme-tests-")
			if err != nil {
				t.Fatal(err)
			}
			built.dir, built.made = dir, map[string]string{}
		}
		name := filepath.Join(built.dir, strconv.Itoa(len(built.made)))
		cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-tags", tags, "-o", name, ".")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
		built.made[tags] = name
	}
	if err := os.Link(built.made[tags], bin); err != nil {
		t.Fatal(err)
	}
}

// writeProgram writes a program from another process. A descriptor of its own, which a fork of another test may have until its
// exec, would make it busy (execve(2), ETXTBSY).
func writeProgram(tb testing.TB, name string, program []byte) {
	tb.Helper()
	cmd := exec.Command("install", "-m", "755", "/dev/stdin", name)
	cmd.Stdin = bytes.NewReader(program)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("install %s: %v: %s", name, err, out)
	}
}

// tidied is the tests, after which nothing stays behind.
type tidied struct{ *testing.M }

func (m tidied) Run() int {
	defer func() {
		if built.dir != "" {
			os.RemoveAll(built.dir)
		}
	}()
	return m.M.Run()
}
