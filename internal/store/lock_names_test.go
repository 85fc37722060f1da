package store

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// otherNames returns further names of the database file at path, which have their own lock files.
func otherNames(tb testing.TB, path string) map[string]string {
	tb.Helper()
	linked := filepath.Join(tb.TempDir(), "linked.db")
	run(tb, "ln", path, linked)
	names := map[string]string{"a hard link": linked}
	if os.Getuid() != 0 {
		if os.Getenv("CI") != "" {
			tb.Fatal("needs root, to mount a file")
		}
		return names
	}
	mounted := filepath.Join(tb.TempDir(), "mounted.db")
	run(tb, "touch", mounted)
	if err := syscall.Mount(path, mounted, "", syscall.MS_BIND, ""); err != nil {
		tb.Fatalf("mount --bind: %v", err)
	}
	tb.Cleanup(func() {
		if err := syscall.Unmount(mounted, 0); err != nil {
			tb.Errorf("unmount %s: %v", mounted, err)
		}
	})
	names["a bind mount"] = mounted
	return names
}

// TestLockOtherName: one server per file, also through another name of it: in this process, in another one, and for
// restore.
func TestLockOtherName(t *testing.T) {
	_, backup, _, _ := backedUp(t)
	s := openNew(t)
	mustBegin(t, s)
	names := otherNames(t, s.path)
	for what, name := range names {
		t.Run(what, func(t *testing.T) {
			_, err := Open(t.Context(), Config{Path: name, BusyTimeout: quick})
			wantCode(t, err, exit.AlreadyRunning)
			for _, want := range []string{name, s.path + dbfile.LockSuffix, fmt.Sprintf("(process %d)", os.Getpid())} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q in it", err, want)
				}
			}
			cmd := helperCmd(t, "open", name)
			said, _ := cmd.Output()
			if code := cmd.ProcessState.ExitCode(); code != exit.AlreadyRunning || !strings.Contains(string(said), fmt.Sprintf("(process %d)", os.Getpid())) {
				t.Errorf("exit code %d: %s", code, said)
			}
			cmd = helperCmd(t, "restore", name)
			cmd.Args = append(cmd.Args, backup)
			said, _ = cmd.Output()
			if code := cmd.ProcessState.ExitCode(); code != exit.AlreadyRunning {
				t.Errorf("restore: exit code %d: %s", code, said)
			}
			if pid, err := dbfile.Holder(name); pid != os.Getpid() || err != nil {
				t.Errorf("holder: %d, %v", pid, err)
			}
		})
	}
	wantFileLocked(t, s.path)
	mustClose(t, s)
	mustClose(t, MustOpen(t, s.path))
}

// TestLockSurvives: whatever else this process does with the database, SQLite's locks on it stay, although the kernel
// drops them with any descriptor of the file, and no second server can open it.
func TestLockSurvives(t *testing.T) {
	s := openNew(t)
	mustBegin(t, s)
	link := filepath.Join(t.TempDir(), "link.db")
	run(t, "ln", s.path, link)
	wantFileLocked(t, s.path)
	for name, do := range map[string]func() error{
		"a backup": func() error {
			_, err := Backup(t.Context(), s.path, filepath.Join(t.TempDir(), "backup.db"), nil)
			return err
		},
		"a snapshot":       func() error { return s.Snapshot(t.Context(), filepath.Join(t.TempDir(), "copy.db")) },
		"a look":           func() error { _, err := Look(t.Context(), s.path); return err },
		"an examination":   func() error { _, err := Examine(t.Context(), s.path); return err },
		"integrity_check":  func() error { _, err := CheckIntegrity(t.Context(), s.path); return err },
		"a doubt":          func() error { _, err := Doubt(t.Context(), s.path); return err },
		"who holds it":     func() error { _, err := dbfile.Holder(s.path); return err },
		"is it sound":      func() error { return Sound(t.Context(), s.path) },
		"is it intact":     s.Intact,
		"a second Open":    func() error { return refusedOpen(t, s.path) },
		"Open of its link": func() error { return refusedOpen(t, link) },
		"Restore": func() error {
			_, err := Restore(t.Context(), RestoreConfig{Path: link, Source: s.path, Replace: true})
			if codeOf(err) == exit.AlreadyRunning || codeOf(err) == exit.Config {
				return nil
			}
			return fmt.Errorf("restored: %w", err)
		},
	} {
		if err := do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !fileLocked(t, s.path) {
			t.Fatalf("after %s SQLite's lock is gone", name)
		}
	}
	second := helperCmd(t, "open", s.path)
	if said, _ := second.Output(); second.ProcessState.ExitCode() != exit.AlreadyRunning {
		t.Errorf("exit code %d: %s", second.ProcessState.ExitCode(), said)
	}
	mustCommit(t, s, put(waiting(1, 1))...)
}

func refusedOpen(tb testing.TB, path string) error {
	s, err := Open(tb.Context(), Config{Path: path, BusyTimeout: quick})
	if err == nil {
		s.Close()
		return errors.New("opened")
	}
	if codeOf(err) != exit.AlreadyRunning {
		return err
	}
	return nil
}

// TestLockSurvivesItsStore: closing a Store keeps the locks of another connection of this process to the database.
func TestLockSurvivesItsStore(t *testing.T) {
	s := openNew(t)
	mustBegin(t, s)
	err := withReader(t.Context(), s.path, func(db *sql.DB, _ int64) error {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		defer tx.Rollback()
		var n int
		if err := tx.QueryRow(`SELECT count(*) FROM boots`).Scan(&n); err != nil {
			return err
		}
		wantFileLocked(t, s.path)
		mustClose(t, s)
		if !fileLocked(t, s.path) {
			t.Error("closing the Store dropped the lock of another connection")
		}
		second := helperCmd(t, "open", s.path) // the one-server lock is free
		said, _ := second.Output()
		if second.ProcessState.ExitCode() != 0 {
			t.Errorf("exit code %d: %s", second.ProcessState.ExitCode(), said)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := dbfile.Handles.Len(); n != 0 {
		t.Errorf("%d files are still held", n)
	}
}

// wantFileLocked fails unless this process has SQLite's lock on the file.
func wantFileLocked(tb testing.TB, path string) {
	tb.Helper()
	if !fileLocked(tb, path) {
		tb.Fatal("SQLite has no lock on the file; this proves nothing")
	}
}

// fileLocked reports whether this process has a POSIX lock on the file, as an open connection in WAL mode has.
func fileLocked(tb testing.TB, path string) bool {
	tb.Helper()
	st, err := dbfile.Stat(path)
	if err != nil {
		tb.Fatal(err)
	}
	locks, err := os.Open("/proc/locks")
	if err != nil {
		tb.Fatal(err)
	}
	defer locks.Close()
	for lines := bufio.NewScanner(locks); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 5 && fields[1] == "POSIX" && fields[4] == fmt.Sprint(os.Getpid()) && strings.HasSuffix(fields[5], fmt.Sprintf(":%d", st.Ino)) {
			return true
		}
	}
	return false
}
