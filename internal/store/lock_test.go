package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// TestLockSameProcess: the second Open is refused and names the holder; Close releases the lock.
func TestLockSameProcess(t *testing.T) {
	s := openNew(t)
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(s.path, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{s.path, link} {
		_, err := Open(t.Context(), Config{Path: path})
		wantCode(t, err, exit.AlreadyRunning)
		for _, want := range []string{s.path + dbfile.LockSuffix, fmt.Sprintf("(process %d)", os.Getpid())} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q in it", err, want)
			}
		}
		if err.(*dbfile.Error).Transient() {
			t.Error("transient")
		}
	}
	mustClose(t, s)
	mustClose(t, s)
	mustClose(t, MustOpen(t, s.path))
}

// TestLockOtherProcess: the lock works between processes, and a kill releases it.
func TestLockOtherProcess(t *testing.T) {
	path := newPath(t)
	holder := helperCmd(t, "hold", path)
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 4)
	if _, err := out.Read(line); err != nil || string(line) != "open" {
		t.Fatalf("%q, %v", line, err)
	}
	_, err = Open(t.Context(), Config{Path: path, BusyTimeout: quick})
	wantCode(t, err, exit.AlreadyRunning)
	if want := fmt.Sprintf("(process %d)", holder.Process.Pid); !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q in it", err, want)
	}
	second := helperCmd(t, "open", path)
	if said, _ := second.Output(); second.ProcessState.ExitCode() != exit.AlreadyRunning {
		t.Errorf("exit code %d: %s", second.ProcessState.ExitCode(), said)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	holder.Wait()
	MustOpen(t, path)
}
