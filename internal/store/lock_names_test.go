package store

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// otherNames are further names of the database file at path, which have lock files of their own.
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

// TestLockOtherName: one server a file, also through another name of it: in this process, in another one, and for restore.
func TestLockOtherName(t *testing.T) {
	_, backup, _, _ := backedUp(t)
	s := openNew(t)
	mustBegin(t, s)
	names := otherNames(t, s.path)
	for what, name := range names {
		t.Run(what, func(t *testing.T) {
			_, err := Open(t.Context(), Config{Path: name, BusyTimeout: quick})
			wantCode(t, err, exitRunning)
			for _, want := range []string{name, s.path + lockSuffix, fmt.Sprintf("(process %d)", os.Getpid())} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v; want it to name %q", err, want)
				}
			}
			cmd := helperCmd(t, "open", name)
			said, _ := cmd.Output()
			if code := cmd.ProcessState.ExitCode(); code != exitRunning || !strings.Contains(string(said), fmt.Sprintf("(process %d)", os.Getpid())) {
				t.Errorf("exit code %d: %s", code, said)
			}
			cmd = helperCmd(t, "restore", name)
			cmd.Args = append(cmd.Args, backup)
			said, _ = cmd.Output()
			if code := cmd.ProcessState.ExitCode(); code != exitRunning {
				t.Errorf("restore: exit code %d: %s", code, said)
			}
			if pid, err := Holder(name); pid != os.Getpid() || err != nil {
				t.Errorf("holder: %d, %v", pid, err)
			}
		})
	}
	wantFileLocked(t, s.path)
	mustClose(t, s)
	mustClose(t, MustOpen(t, s.path))
}

// TestLockSurvives: whatever else this process does with the database, SQLite's locks on it stay, which the kernel would drop
// with any descriptor of the file, and no second server gets in.
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
		"integrity_check":  func() error { return CheckIntegrity(t.Context(), s.path) },
		"a doubt":          func() error { _, err := Doubt(t.Context(), s.path); return err },
		"who holds it":     func() error { _, err := Holder(s.path); return err },
		"is it sound":      func() error { return Sound(t.Context(), s.path) },
		"is it intact":     s.Intact,
		"a second Open":    func() error { return refusedOpen(t, s.path) },
		"Open of its link": func() error { return refusedOpen(t, link) },
		"Restore": func() error {
			_, err := Restore(t.Context(), RestoreConfig{Path: link, Source: s.path, Replace: true})
			if codeOf(err) == exitRunning || codeOf(err) == exitConfig {
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
	if said, _ := second.Output(); second.ProcessState.ExitCode() != exitRunning {
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
	if codeOf(err) != exitRunning {
		return err
	}
	return nil
}

// TestLockSurvivesItsStore: a Store is closed while this process has the database open otherwise, whose locks stay.
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
			t.Error("closing the Store has dropped the lock of another connection")
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
	if len(handles.files) != 0 {
		t.Errorf("files that are still held: %+v", handles.files)
	}
}

// wantFileLocked fails unless this process has SQLite's lock on the file.
func wantFileLocked(tb testing.TB, path string) {
	tb.Helper()
	if !fileLocked(tb, path) {
		tb.Fatal("SQLite has no lock on the file; this shows nothing")
	}
}

// fileLocked reports whether this process has a POSIX lock on the file, as an open connection in WAL mode has.
func fileLocked(tb testing.TB, path string) bool {
	tb.Helper()
	st, err := stat(path)
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

// TestPlantedLinks: a symbolic link in the place of a file beside the database is not followed, and the message says to remove
// it; nor is a hard link in the place of the lock file written over.
func TestPlantedLinks(t *testing.T) {
	const precious = "precious, and longer than the number of a process\n"
	for _, planted := range []struct{ link, suffix string }{
		{"ln -s", "-wal"}, {"ln -s", "-shm"}, {"ln -s", "-journal"}, {"ln -s", lockSuffix}, {"ln", lockSuffix},
		{"ln -s", witnessSuffix}, {"ln -s", witnessSuffix + ".part"},
	} {
		link, suffix := planted.link, planted.suffix
		t.Run(link+" "+suffix, func(t *testing.T) {
			path := filled(t)
			target := filepath.Join(filepath.Dir(path), "precious")
			if err := os.WriteFile(target, []byte(precious), 0o640); err != nil {
				t.Fatal(err)
			}
			run(t, "sh", "-c", `rm -f "$3"; `+link+` "$2" "$3"`, "-", path, target, path+suffix)
			s, err := Open(t.Context(), Config{Path: path, BusyTimeout: quick})
			if err == nil {
				if _, err = s.Begin(t.Context(), Boot{At: t0}); err == nil {
					mustCommit(t, s, put(session(99))...)
				}
				mustClose(t, s)
			}
			if suffix != witnessSuffix+".part" {
				wantCode(t, err, exitCreate)
				if !strings.Contains(err.Error(), path+suffix) || !strings.Contains(err.Error(), "remove it") && !strings.Contains(err.Error(), "move it away") {
					t.Errorf("%v does not say what to do with %s", err, path+suffix)
				}
			} else if err != nil { // it is replaced
				t.Error(err)
			}
			if got, err := os.ReadFile(target); err != nil || string(got) != precious {
				t.Errorf("what the link leads to is %q, %v", got, err)
			}
		})
	}
}

// TestPlantedLinkToNothing: nor is what a link leads to made.
func TestPlantedLinkToNothing(t *testing.T) {
	for _, suffix := range []string{"-wal", "-shm", "-journal", lockSuffix, witnessSuffix} {
		path := filled(t)
		nothing := filepath.Join(filepath.Dir(path), "nothing")
		run(t, "sh", "-c", `rm -f "$2"; ln -s "$1" "$2"`, "-", nothing, path+suffix)
		s, err := Open(t.Context(), Config{Path: path, BusyTimeout: quick})
		if err == nil {
			_, err = s.Begin(t.Context(), Boot{At: t0})
			mustClose(t, s)
		}
		wantCode(t, err, exitCreate)
		if exists(nothing) {
			t.Errorf("%s: what it leads to was made", suffix)
		}
	}
}

// TestDatabaseBehindLinks: whatever a database is called, its lock, its -wal and its witness are beside the file, and a second
// server is kept out.
func TestDatabaseBehindLinks(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	real := filepath.Join(dir, "chatme.db")
	run(t, "ln", "-s", dir, filepath.Join(other, "dir"))
	run(t, "ln", "-s", real, filepath.Join(other, "file.db"))
	run(t, "ln", "-s", "file.db", filepath.Join(other, "again.db"))
	t.Chdir(other)
	mustClose(t, MustOpen(t, "dir/chatme.db"))
	names := []string{"dir/chatme.db", "./dir/../dir/chatme.db", filepath.Join(other, "file.db"), "again.db", real}
	for _, name := range names {
		s := MustOpen(t, name)
		if s.path != real {
			t.Errorf("%s is opened as %s", name, s.path)
		}
		if started := mustBegin(t, s); started.Restored {
			t.Errorf("%s: %+v", name, started)
		}
		for _, name := range names {
			if err := refusedOpen(t, name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, suffix := range []string{"-wal", "-shm", lockSuffix, witnessSuffix} {
			if !exists(real + suffix) {
				t.Errorf("%s: no %s beside it", name, suffix)
			}
		}
		mustClose(t, s)
	}
	if entries, err := os.ReadDir(other); err != nil || len(entries) != 3 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestUnsuitedFileSystem: a file system without locks, or without memory that processes share, is named as what is wrong, with
// the remedy. The disk is well, and nothing is said of it.
func TestUnsuitedFileSystem(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("needs strace; make deps installs it")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for i, fault := range []struct{ call, errno, suffix string }{
		{"mmap", "ENODEV", ""}, {"mmap", "EINVAL", ""}, {"mmap", "ENODEV", "-shm"}, {"mmap", "EINVAL", "-shm"}, {"mmap", "EOPNOTSUPP", "-shm"},
		{"flock", "ENOLCK", lockSuffix}, {"flock", "EOPNOTSUPP", lockSuffix}, {"flock", "ENOSYS", lockSuffix},
		{"flock", "ENOLCK", ""}, {"flock", "EOPNOTSUPP", ""}, {"flock", "EINVAL", ""},
		{"fcntl", "ENOLCK", ""}, {"fcntl", "EOPNOTSUPP", ""}, {"fcntl", "EINVAL", ""}, {"fcntl", "ENOSYS", ""}, {"fcntl", "EAGAIN", ""},
		{"fcntl", "EINVAL", "-shm"}, {"fcntl", "EOPNOTSUPP", "-shm"}, {"fcntl", "ENOLCK", "-shm"},
		{"ftruncate", "EINVAL", "-shm"},
	} {
		name := fmt.Sprintf("%s of chatme.db%s fails with %s", fault.call, fault.suffix, fault.errno)
		path := newPath(t)
		if i%2 == 1 { // not a new database, but what a killed server left
			path, _, _ = killedServer(t)
		}
		cmd := helperCmd(t, "open", path)
		cmd.Path, cmd.Args = strace, []string{strace, "-f", "-q", "-o", filepath.Join(t.TempDir(), "strace"), "-P", path + fault.suffix,
			"-e", "trace=" + fault.call, "-e", "inject=" + fault.call + ":error=" + fault.errno, exe, path}
		out, _ := cmd.Output()
		said := string(out)
		if code := cmd.ProcessState.ExitCode(); code != exitCreate || !strings.Contains(said, "put the database on a local disk") || strings.Contains(said, "check the disk") {
			t.Errorf("%s: exit code %d: %s", name, code, said)
		}
	}
}
