package testbed

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// built is the binaries that tests have asked for: each is linked only once, because that takes seconds.
var built struct {
	mu   sync.Mutex
	dir  string            // "" before the first; removed after the last test
	made map[string]string // by program
}

// Build builds the binary as make build does, so that both share the build cache.
func Build(tb testing.TB, bin string) {
	tb.Helper()
	makeBinary(tb, bin, "chatme/cmd/chatme")
}

// BuildMutants builds the binary with the bugs that CHATME_MUTANT enables.
func BuildMutants(tb testing.TB, bin string) {
	tb.Helper()
	makeBinary(tb, bin, "chatme/internal/torture/mutants", "-tags", "mutants")
}

func makeBinary(tb testing.TB, bin, program string, flags ...string) {
	tb.Helper()
	built.mu.Lock()
	defer built.mu.Unlock()
	if built.made[program] == "" {
		if built.dir == "" {
			dir, err := os.MkdirTemp("", "chatme-tests-")
			if err != nil {
				tb.Fatal(err)
			}
			built.dir, built.made = dir, map[string]string{}
		}
		name := filepath.Join(built.dir, strconv.Itoa(len(built.made)))
		args := slices.Concat([]string{"build", "-trimpath", "-buildvcs=false", "-o", name}, flags, []string{program})
		cmd := exec.CommandContext(tb.Context(), "go", args...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			tb.Fatalf("go build: %v\n%s", err, out)
		}
		built.made[program] = name
	}
	if err := os.Link(built.made[program], bin); err != nil {
		tb.Fatal(err)
	}
}

// WriteProgram writes a program from another process. If this process wrote it, another test's fork could hold the descriptor until
// its exec and make the program busy (execve(2), ETXTBSY).
func WriteProgram(tb testing.TB, name string, program []byte) {
	tb.Helper()
	cmd := exec.Command("install", "-m", "755", "/dev/stdin", name)
	cmd.Stdin = bytes.NewReader(program)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("install %s: %v: %s", name, err, out)
	}
}

// tidy removes what build has made.
func tidy() {
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
}

// sideBySide is how many tests of a package run in parallel unless -parallel is set: most of them mostly wait.
const sideBySide = 4

// Main is TestMain for a package whose tests run programs.
func Main(m *testing.M) {
	if runtime.GOMAXPROCS(0) < sideBySide {
		flag.Set("test.parallel", strconv.Itoa(sideBySide)) // the command line is parsed later
	}
	code := m.Run()
	tidy()
	os.Exit(code)
}
