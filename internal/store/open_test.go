package store

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// TestPragmas reads the settings of the design back on every connection.
func TestPragmas(t *testing.T) {
	s, err := Open(t.Context(), Config{Path: newPath(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "secure_delete": "1",
		"wal_autocheckpoint": "1000", "journal_size_limit": "16777216", "locking_mode": "normal", "application_id": "1128811845", "user_version": "0",
	} {
		var got string
		if err := s.writer.QueryRow("PRAGMA " + name).Scan(&got); err != nil || got != want {
			t.Errorf("writer: %s is %s, %v; want %s", name, got, err, want)
		}
	}
	if n := s.writer.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("the writer may have %d connections", n)
	}
	for range dbfile.MaxReaders {
		conn, err := s.reader.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for name, want := range map[string]string{
			"journal_mode": "wal", "busy_timeout": "5000", "cache_size": dbfile.ReaderCache,
		} {
			var got string
			if err := conn.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&got); err != nil || got != want {
				t.Errorf("reader: %s is %s, %v; want %s", name, got, err, want)
			}
		}
		if _, err := conn.ExecContext(t.Context(), `DELETE FROM sessions`); err == nil {
			t.Error("a reader can write")
		}
	}
}

func TestSQLiteVersion(t *testing.T) {
	if err := checkVersion(t.Context(), openNew(t).writer); err != nil {
		t.Error(err)
	}
	for name, tt := range map[string]struct {
		a    string
		less bool
	}{
		"older":      {"3.51.2", true},
		"much older": {"3.9.0", true},
		"same":       {"3.51.3", false},
		"newer":      {"3.54.1", false},
		"major":      {"4.0.0", false},
		"nonsense":   {"x", true},
	} {
		if got := Older(tt.a, minSQLite); got != tt.less {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestPaths: any name works, and no file is created under another name.
func TestPaths(t *testing.T) {
	for _, name := range []string{
		"two words.db", "what?.db", "#1.db", "100%.db", "%41.db", "a&mode=memory.db", ":memory:", "file:x.db?mode=ro",
		"ünï.db", "line\nbreak.db", "[ab]*.db", `back\slash.db`, "-.db", "\xff.db",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			s := MustOpen(t, path)
			mustCommit(t, s, put(waiting(1, 1))...)
			mustClose(t, s)
			if got := mustLoad(t, MustOpen(t, path)); len(got) != 1 {
				t.Errorf("%v", got)
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if !strings.HasPrefix(e.Name(), name) {
					t.Errorf("made %q", e.Name())
				}
			}
		})
	}
	t.Run("relative", func(t *testing.T) {
		t.Chdir(t.TempDir())
		s := MustOpen(t, "chatme.db")
		if !filepath.IsAbs(s.path) {
			t.Errorf("%q", s.path)
		}
	})
}

// TestModes: only the owner may write, and only the group may read.
func TestModes(t *testing.T) {
	s := openNew(t)
	mustBegin(t, s)
	mustCommit(t, s, put(session(1))...)
	copied := s.path + ".copy"
	if err := s.Snapshot(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{s.path, s.path + "-wal", s.path + "-shm", s.path + dbfile.LockSuffix, s.path + witnessSuffix, copied} {
		info, err := os.Stat(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := info.Mode().Perm(); got&^0o640 != 0 {
			t.Errorf("%s: mode %o", name, got)
		}
	}
}

// TestClosedLeavesOneFile: after Close only the database, the witness and the lock file are left, and nothing that a
// copy of the database would lack.
func TestClosedLeavesOneFile(t *testing.T) {
	path := filled(t)
	if got := names(tree(t, filepath.Dir(path))); !slices.Equal(got, []string{"chatme.db", "chatme.db.witness"}) {
		t.Errorf("%q", got)
	}
}

// TestWriteLockHeldAtStart: an older program's lock makes the start fail with a line about it.
func TestWriteLockHeldAtStart(t *testing.T) {
	path := filled(t)
	release := holdWriteLock(t, path)
	s := MustOpen(t, path) // reading is possible
	_, err := s.Begin(t.Context(), Boot{At: t0})
	wantCode(t, err, exit.AlreadyRunning)
	release()
	mustBegin(t, s)
}
