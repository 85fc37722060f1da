package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// TestPlantedLinks: a symbolic link in place of a file beside the database is not followed, and the message says to
// remove it; a hard link in place of the lock file is not overwritten.
func TestPlantedLinks(t *testing.T) {
	const precious = "precious, and longer than the number of a process\n"
	for _, planted := range []struct{ link, suffix string }{
		{"ln -s", "-wal"}, {"ln -s", "-shm"}, {"ln -s", "-journal"}, {"ln -s", dbfile.LockSuffix}, {"ln", dbfile.LockSuffix},
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
				wantCode(t, err, exit.NotWritable)
				if !strings.Contains(err.Error(), path+suffix) || !strings.Contains(err.Error(), "remove it") && !strings.Contains(err.Error(), "move it away") {
					t.Errorf("error %v does not say what to do with %s", err, path+suffix)
				}
			} else if err != nil { // it is replaced
				t.Error(err)
			}
			if got, err := os.ReadFile(target); err != nil || string(got) != precious {
				t.Errorf("the target of the link is %q, %v", got, err)
			}
		})
	}
}

// TestPlantedLinkToNothing: the target of a dangling link is not created.
func TestPlantedLinkToNothing(t *testing.T) {
	for _, suffix := range []string{"-wal", "-shm", "-journal", dbfile.LockSuffix, witnessSuffix} {
		path := filled(t)
		nothing := filepath.Join(filepath.Dir(path), "nothing")
		run(t, "sh", "-c", `rm -f "$2"; ln -s "$1" "$2"`, "-", nothing, path+suffix)
		s, err := Open(t.Context(), Config{Path: path, BusyTimeout: quick})
		if err == nil {
			_, err = s.Begin(t.Context(), Boot{At: t0})
			mustClose(t, s)
		}
		wantCode(t, err, exit.NotWritable)
		if dbfile.Exists(nothing) {
			t.Errorf("%s: its target was created", suffix)
		}
	}
}

// TestDatabaseBehindLinks: under any name of a database, its lock, its -wal and its witness are beside the file, and a
// second server is refused.
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
		for _, suffix := range []string{"-wal", "-shm", dbfile.LockSuffix, witnessSuffix} {
			if !dbfile.Exists(real + suffix) {
				t.Errorf("%s: no %s beside it", name, suffix)
			}
		}
		mustClose(t, s)
	}
	if entries, err := os.ReadDir(other); err != nil || len(entries) != 3 {
		t.Errorf("%v, %v", entries, err)
	}
}
