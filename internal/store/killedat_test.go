package store

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
	"chatme/internal/stage"
)

// traced runs a second process in a role, in which strace injects a fault into each such call on one of the files
// (strace(1), inject).
func traced(tb testing.TB, call, fault string, files []string, role, path string, more ...string) *exec.Cmd {
	tb.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		tb.Fatal("needs strace; make deps installs it")
	}
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	args := []string{strace, "-f", "-q", "-o", filepath.Join(tb.TempDir(), "strace"), "-e", "trace=" + call, "-e", "inject=" + call + ":" + fault}
	for _, file := range files {
		args = append(args, "-P", file)
	}
	cmd := helperCmd(tb, role, path)
	cmd.Path, cmd.Args = strace, append(append(args, exe, path), more...)
	return cmd
}

// killedAt runs a second process in a role, which is killed at its nth such call on the files of the database, and
// reports whether that call was reached.
func killedAt(tb testing.TB, call string, n int, role, path string, more ...string) bool {
	tb.Helper()
	files := []string{filepath.Dir(path)}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal", dbfile.LockSuffix, witnessSuffix, witnessSuffix + ".part"} {
		files = append(files, path+suffix)
	}
	cmd := traced(tb, call, fmt.Sprintf("signal=SIGKILL:when=%d", n), files, role, path, more...)
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState.Exited() {
		tb.Fatalf("%s %d: %v: %s", call, n, err, out)
	}
	return err != nil
}

// everywhere calls f with each of these system calls and with n = 1, 2, 4… until n is not reached. strace counts calls
// per thread, so the call at which a kill happens changes from run to run.
func everywhere(tb testing.TB, calls []string, f func(call string, n int) (reached bool)) {
	tb.Helper()
	kills := 0
	for _, call := range calls {
		for n := 1; f(call, n); n *= 2 {
			kills++
		}
	}
	if kills < len(calls) {
		tb.Errorf("only %d kills; this proves nothing", kills)
	}
	tb.Logf("%d kills", kills)
}

// TestFirstStartKilledAnywhere: whatever system call a first start is killed at, the next one starts.
func TestFirstStartKilledAnywhere(t *testing.T) {
	stage.Long(t)
	calls := []string{"open", "openat", "unlink", "unlinkat", "renameat", "pwrite64", "write", "ftruncate", "fdatasync", "flock", "mmap"}
	everywhere(t, calls, func(call string, n int) bool {
		path := newPath(t)
		reached := killedAt(t, call, n, "begin", path)
		s, err := Open(t.Context(), Config{Path: path, BusyTimeout: quick})
		if err != nil {
			t.Fatalf("after a kill at %s %d: %v; files %q", call, n, err, names(tree(t, filepath.Dir(path))))
		}
		if started, err := s.Begin(t.Context(), Boot{At: t0}); err != nil || started.Boot > 2 {
			t.Errorf("after a kill at %s %d: %+v, %v", call, n, started, err)
		}
		mustClose(t, s)
		return reached
	})
}

// TestPutBackOverNothingKilledAnywhere: the database was lost, and its restore is killed. The next start does not begin
// with an empty database: it is refused, or has the restored one, in a new epoch.
func TestPutBackOverNothingKilledAnywhere(t *testing.T) {
	stage.Long(t)
	_, backup, epoch, _ := backedUp(t)
	left, _, _ := killedServer(t)
	run(t, "rm", left)
	refused, restored := 0, 0
	everywhere(t, []string{"openat", "unlinkat", "renameat", "fsync"}, func(call string, n int) bool {
		path := newPath(t)
		run(t, "cp", "-a", filepath.Dir(left)+"/.", filepath.Dir(path))
		reached := killedAt(t, call, n, "restore", path, backup)
		s, err := Open(t.Context(), Config{Path: path, BusyTimeout: quick})
		if err != nil {
			refused++
			if codeOf(err) != exit.BadDatabase || !strings.Contains(err.Error(), "is missing") {
				t.Errorf("after a kill at %s %d: %v", call, n, err)
			}
			return reached
		}
		restored++
		if started := mustBegin(t, s); started.Boot != 4 || !started.Restored || started.Epoch == epoch {
			t.Errorf("after a kill at %s %d: %+v", call, n, started)
		}
		mustClose(t, s)
		return reached
	})
	if refused == 0 || restored == 0 {
		t.Errorf("%d refused, %d restored; this proves nothing", refused, restored)
	}
}
