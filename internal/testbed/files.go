package testbed

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// MustRead returns a file's content. The server that writes it MUST have exited: closing a descriptor of a database
// does not harm another process, but only then are the bytes consistent.
func MustRead(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// Shell returns the path of the sqlite3 shell.
func Shell(tb testing.TB) string {
	tb.Helper()
	return Tool(tb, "sqlite3")
}

func MustWrite(tb testing.TB, name string, data []byte) {
	tb.Helper()
	if err := os.WriteFile(name, data, 0o644); err != nil {
		tb.Fatal(err)
	}
}

// ShellWrites runs a statement in the sqlite3 shell on a database that no server has open.
func ShellWrites(tb testing.TB, db, statement string) {
	tb.Helper()
	if out, err := exec.CommandContext(Step(tb), Shell(tb), db, statement).CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v: %s", statement, err, out)
	}
}

// OpenDir creates a world-writable directory. File modes do not restrict root, so a test run by root starts the binary
// as another user.
func OpenDir(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		tb.Fatal(err)
	}
	OpenToAll(tb, dir)
	return dir
}

// OpenToAll makes the directories above name that the tests have created accessible to all users.
func OpenToAll(tb testing.TB, name string) {
	tb.Helper()
	for dir := filepath.Dir(name); dir != filepath.Clean(os.TempDir()) && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			tb.Fatal(err)
		}
	}
}

func MustMkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
}

// Sqlite runs SQL with the shell on a database that no server has open.
func Sqlite(t *testing.T, path, text string) {
	t.Helper()
	if out, err := exec.Command("sqlite3", path, text).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// DeployDir is the directory of the files that operators copy.
const DeployDir = "../../deploy"

// Tool returns the path of a program that make deps installs.
func Tool(tb testing.TB, name string) string {
	tb.Helper()
	for _, name := range []string{name, "/usr/sbin/" + name} { // not in every user's PATH
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	tb.Fatalf("needs %s; make deps installs it", name)
	return ""
}

// Edited writes a file of deploy to dir with each of pairs, old and new, replaced, and returns its name. Each old text
// must exist.
func Edited(tb testing.TB, dir, name string, pairs ...string) string {
	tb.Helper()
	text := string(MustRead(tb, filepath.Join(DeployDir, name)))
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			tb.Fatalf("%s does not contain %q", name, pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	MustWrite(tb, filepath.Join(dir, name), []byte(text))
	return filepath.Join(dir, name)
}
