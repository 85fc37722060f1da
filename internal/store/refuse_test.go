package store

import (
	"bytes"
	"database/sql"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// tree returns the names and contents in a directory, without the lock file. No database in it may be open.
func tree(tb testing.TB, dir string) map[string]string {
	tb.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), dbfile.LockSuffix) {
			continue
		}
		if e.IsDir() {
			files[e.Name()] = "a directory"
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			tb.Fatal(err)
		}
		files[e.Name()] = string(b)
	}
	return files
}

func names(files map[string]string) []string { return slices.Sorted(maps.Keys(files)) }

// script makes a database of another program.
func script(tb testing.TB, path, sqlText string) {
	tb.Helper()
	db, err := sql.Open(dbfile.DriverName, dbfile.URI(path, nil))
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(sqlText); err != nil {
		tb.Fatal(err)
	}
}

// filled makes a database with all kinds of rows, some of them deleted, and closes it.
func filled(tb testing.TB) (path string) {
	tb.Helper()
	s := openNew(tb)
	mustBegin(tb, s)
	var batch []chat.Change
	for n := uint64(1); n <= 40; n += 4 {
		a, b := pair(n, n, n+1)
		batch = append(batch, put(a, b, waiting(n+2, n), away(session(n+3), t0))...)
	}
	mustCommit(tb, s, batch...)
	a, b := pair(1, 1, 2)
	mustCommit(tb, s, del(a), del(b))
	mustClose(tb, s)
	return s.path
}

// TestRefuse: a file that is not a whole chatme database of a known version is refused with one line, and is not
// changed; nothing is created beside it.
func TestRefuse(t *testing.T) {
	overwrite := func(path string, at int, with string) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		copy(b[at:], with)
		if err := os.WriteFile(path, b, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		make func(t *testing.T) (path string)
		code int
		want string
	}{
		"foreign application_id": {func(t *testing.T) string {
			path := newPath(t)
			script(t, path, `PRAGMA application_id = 252006674; CREATE TABLE a (b)`) // Fossil's
			return path
		}, exit.BadDatabase, "application_id 0x0f055112"},
		"foreign application_id, WAL mode": {func(t *testing.T) string {
			path := newPath(t)
			script(t, path, `PRAGMA journal_mode = WAL; PRAGMA application_id = 252006674; CREATE TABLE a (b)`)
			return path
		}, exit.BadDatabase, "application_id 0x0f055112"},
		"foreign tables": {func(t *testing.T) string {
			path := newPath(t)
			script(t, path, "CREATE TABLE \"moz\nplaces\" (b)")
			return path
		}, exit.BadDatabase, `it has "moz\nplaces"`},
		"foreign view": {func(t *testing.T) string {
			path := newPath(t)
			script(t, path, `CREATE VIEW v AS SELECT 1`)
			return path
		}, exit.BadDatabase, `it has "v"`},
		"newer": {func(t *testing.T) string {
			path := filled(t)
			script(t, path, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
			return path
		}, exit.BadDatabase, "made by a newer chatme (schema 9999; this version knows 4)"},
		"no version": {func(t *testing.T) string {
			path := filled(t)
			script(t, path, `DELETE FROM goose_db_version`)
			return path
		}, exit.BadDatabase, "no migration is recorded"},
		"no version table": {func(t *testing.T) string {
			path := filled(t)
			script(t, path, `DROP TABLE goose_db_version`)
			return path
		}, exit.BadDatabase, "goose_db_version"},
		"no sessions": {func(t *testing.T) string {
			path := filled(t)
			script(t, path, `DROP TABLE sessions`)
			return path
		}, exit.BadDatabase, "sessions"},
		"a text": {func(t *testing.T) string {
			path := newPath(t)
			if err := os.WriteFile(path, bytes.Repeat([]byte("Dear diary,\n"), 1000), 0o640); err != nil {
				t.Fatal(err)
			}
			return path
		}, exit.BadDatabase, "not a database"},
		"one byte": {func(t *testing.T) string {
			path := newPath(t)
			if err := os.WriteFile(path, []byte("S"), 0o640); err != nil {
				t.Fatal(err)
			}
			return path
		}, exit.BadDatabase, "not a database"},
		"damaged header": {func(t *testing.T) string {
			path := filled(t)
			overwrite(path, 0, "sqlite")
			return path
		}, exit.BadDatabase, "not a database"},
		"damaged page": {func(t *testing.T) string {
			path := filled(t)
			overwrite(path, 4096, strings.Repeat("\xff", 64))
			return path
		}, exit.BadDatabase, "malformed"},
		"truncated": {func(t *testing.T) string {
			path := filled(t)
			if err := os.Truncate(path, 3*4096); err != nil {
				t.Fatal(err)
			}
			return path
		}, exit.BadDatabase, "malformed"},
		"a directory": {func(t *testing.T) string { return t.TempDir() }, exit.NotWritable, "not a directory"},
		"a pipe": {func(t *testing.T) string {
			path := newPath(t)
			if err := syscall.Mkfifo(path, 0o640); err != nil {
				t.Fatal(err)
			}
			return path
		}, exit.NotWritable, "not a regular file"},
		"no directory": {func(t *testing.T) string {
			return filepath.Join(t.TempDir(), "nowhere", "chatme.db")
		}, exit.NotWritable, "must exist: create it"},
		"under a file": {func(t *testing.T) string {
			path := newPath(t)
			if err := os.WriteFile(path, nil, 0o640); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(path, "chatme.db")
		}, exit.NotWritable, "not a directory"},
		"no name":    {func(*testing.T) string { return "" }, exit.Config, "name one"},
		"NUL":        {func(*testing.T) string { return "chat\x00me.db" }, exit.Config, "NUL"},
		"unwritable": {func(*testing.T) string { return "/proc/chatme.db" }, exit.NotWritable, "writable"},
		"long name":  {func(t *testing.T) string { return newPath(t) + strings.Repeat("x", 300) }, exit.NotWritable, "too long"},
		"dangling link": {func(t *testing.T) string {
			path := newPath(t)
			if err := os.Symlink("nowhere/chatme.db", path); err != nil {
				t.Fatal(err)
			}
			return path
		}, exit.NotWritable, "dangling link"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := tt.make(t)
			regular := false
			if info, err := os.Stat(path); err == nil {
				regular = info.Mode().IsRegular()
			}
			var before map[string]string
			if regular {
				before = tree(t, filepath.Dir(path))
			}
			for range 2 { // the second time the lock file exists
				s, err := Open(t.Context(), Config{Path: path, BusyTimeout: quick})
				if err == nil {
					s.Close()
				}
				wantCode(t, err, tt.code)
				if !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q in it", err, tt.want)
				}
			}
			if !regular {
				return
			}
			if after := tree(t, filepath.Dir(path)); !maps.Equal(after, before) {
				t.Errorf("files changed: %q, were %q", names(after), names(before))
			}
		})
	}
}

// TestRefuseWithWAL: what a killed server left in the WAL counts, both ways, and is not changed.
func TestRefuseWithWAL(t *testing.T) {
	for name, tt := range map[string]struct {
		sql  string
		want string
	}{
		"foreign": {`PRAGMA application_id = 252006674`, "application_id 0x0f055112"},
		"newer":   {`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`, "newer"},
	} {
		t.Run(name, func(t *testing.T) {
			s := MustOpen(t, filled(t))
			if _, err := s.writer.Exec(tt.sql); err != nil {
				t.Fatal(err)
			}
			path := copyLive(t, s.path)
			before := tree(t, filepath.Dir(path))
			_, err := Open(t.Context(), Config{Path: path, BusyTimeout: quick})
			wantCode(t, err, exit.BadDatabase)
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
			after := tree(t, filepath.Dir(path))
			delete(after, filepath.Base(path)+"-shm") // an index of the WAL, which reading needs
			if !maps.Equal(after, before) {
				t.Errorf("files changed: %q, were %q", names(after), names(before))
			}
		})
	}
	t.Run("whole", func(t *testing.T) {
		s := openNew(t)
		mustCommit(t, s, put(waiting(1, 1))...)
		copied := MustOpen(t, copyLive(t, s.path)) // all of it, even the schema, is in the WAL
		if got := mustLoad(t, copied); len(got) != 1 {
			t.Errorf("%v", got)
		}
	})
}

// copyLive copies the file and its WAL as a kill would leave them. Another process copies them: closing a descriptor of
// a database in this one would drop its locks.
func copyLive(tb testing.TB, path string) string {
	tb.Helper()
	dir := tb.TempDir()
	out, err := exec.CommandContext(tb.Context(), "cp", path, path+"-wal", dir).CombinedOutput()
	if err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	return filepath.Join(dir, filepath.Base(path))
}

// TestRefuseHotJournal: a file that must first be rolled back is judged by its state after that.
func TestRefuseHotJournal(t *testing.T) {
	path := filled(t)
	if out, err := exec.CommandContext(t.Context(), shell(t), path, `PRAGMA journal_mode = DELETE`).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// Half a transaction: spilled to the file because the cache is tiny, then killed.
	cmd := exec.CommandContext(t.Context(), shell(t), path)
	cmd.Stdin = strings.NewReader(`
		PRAGMA cache_size = 1; PRAGMA cache_spill = 1;
		BEGIN IMMEDIATE; DROP TABLE goose_db_version; DELETE FROM sessions;
		CREATE TABLE fill (x); INSERT INTO fill SELECT zeroblob(3000) FROM sessions, (SELECT 1);
		WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) INSERT INTO fill SELECT zeroblob(3000) FROM n;
` + ".system kill -9 $PPID\n")
	if err := cmd.Run(); err == nil {
		t.Fatal("the shell was not killed")
	}
	if _, err := os.Stat(path + "-journal"); err != nil {
		t.Fatal(err)
	}
	s := MustOpen(t, path)
	if got := mustLoad(t, s); len(got) == 0 {
		t.Error("nothing")
	}
}
