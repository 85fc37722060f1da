package store

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chatme/internal/exit"
)

// listed returns the names in the directory of path.
func listed(tb testing.TB, path string) (names []string) {
	tb.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		tb.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestBackup: a copy of a database that a server has open, and of one that no process has, contains what was committed;
// so do the contents it returns.
func TestBackup(t *testing.T) {
	p := newPost(t)
	p.mustHold(t, p.entry(1, "hello"), p.entry(2, ""))
	mustCommit(t, p.Store, put(waiting(3, 1), away(session(4), t0+hour))...)
	want := Contents{Schema: p.schema, Boots: 1, Sessions: 4, Resumable: 4, Waiting: 1, Chats: 1, Entries: 2, Newest: t0 + hour}
	for _, name := range []string{"while it is served", "while no process has it open"} {
		target := filepath.Join(t.TempDir(), "what? a copy.db")
		got, err := Backup(t.Context(), p.path, target, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		info, err := os.Stat(target)
		if err != nil || info.Mode().Perm() != 0o640 || info.Size() != got.Bytes || len(got.Epoch) != 32 {
			t.Errorf("%s: %v, %v; the figures are %+v", name, info, err, got)
		}
		got.Bytes, got.Epoch = 0, ""
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		if names := listed(t, target); !slices.Equal(names, []string{filepath.Base(target)}) {
			t.Errorf("%s: left %q", name, names)
		}
		if looked, err := Look(t.Context(), p.path); err != nil || looked.Newest != want.Newest || looked.Entries != want.Entries {
			t.Errorf("%s: looked %+v, %v", name, looked, err)
		}
		mustClose(t, p.Store)
	}
}

// TestBackupRefuses: each invalid source or target has its own exit code and message, and nothing is left or changed.
func TestBackupRefuses(t *testing.T) {
	s := openNew(t)
	mustBegin(t, s)
	for name, tt := range map[string]struct {
		source, target func(dir string) string // nil: the database; a free name
		code           int
		says           string
	}{
		"the target exists":      {nil, func(string) string { return s.path }, exit.NotWritable, "it already exists"},
		"a link to nowhere":      {nil, func(dir string) string { run(t, "ln", "-s", "nowhere", dir+"/link"); return dir + "/link" }, exit.NotWritable, "it already exists"},
		"no directory":           {nil, func(dir string) string { return dir + "/no/copy" }, exit.NotWritable, "mkdir"},
		"no database":            {func(dir string) string { return dir + "/none.db" }, nil, exit.Config, "there is no database"},
		"a directory":            {func(dir string) string { return dir }, nil, exit.NotWritable, "not a directory"},
		"a device":               {func(string) string { return "/dev/zero" }, nil, exit.NotWritable, "not a regular file"},
		"a text":                 {func(dir string) string { run(t, "sh", "-c", `seq 1000 >"$1"`, "-", dir+"/text"); return dir + "/text" }, nil, exit.BadDatabase, ""},
		"a short file":           {func(dir string) string { run(t, "sh", "-c", `echo >"$1"`, "-", dir+"/short"); return dir + "/short" }, nil, exit.BadDatabase, "not a database"},
		"of another program":     {func(dir string) string { return made(t, dir, `CREATE TABLE x (y)`) }, nil, exit.BadDatabase, "not chatme's"},
		"of a newer one":         {func(dir string) string { return newer(t, s, dir) }, nil, exit.BadDatabase, "newer chatme"},
		"nothing in it but ours": {func(dir string) string { return made(t, dir, `PRAGMA user_version = 1`) }, nil, exit.BadDatabase, "empty database"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			source, target := s.path, filepath.Join(t.TempDir(), "copy.db")
			if tt.source != nil {
				source = tt.source(dir)
			}
			if tt.target != nil {
				target = tt.target(dir)
			}
			var before []string
			if tt.code != exit.NotWritable || tt.says != "mkdir" {
				before = listed(t, target)
			}
			_, err := Backup(t.Context(), source, target, nil)
			wantCode(t, err, tt.code)
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v does not contain %q", err, tt.says)
			}
			if before != nil && !slices.Equal(listed(t, target), before) {
				t.Errorf("files %q, want %q", listed(t, target), before)
			}
		})
	}
}

// made returns another program's database in dir.
func made(tb testing.TB, dir, statement string) string {
	tb.Helper()
	path := filepath.Join(dir, "other.db")
	run(tb, "sqlite3", path, statement)
	return path
}

// newer returns a copy of the database of s in dir that a later migration was applied to.
func newer(tb testing.TB, s *Store, dir string) string {
	tb.Helper()
	path := filepath.Join(dir, "newer.db")
	if _, err := Backup(tb.Context(), s.path, path, nil); err != nil {
		tb.Fatal(err)
	}
	run(tb, "sqlite3", path, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	return path
}

// TestBackupStopped: a canceled backup leaves nothing, and does not take a name that another program has taken
// meanwhile.
func TestBackupStopped(t *testing.T) {
	s := openNew(t)
	mustBegin(t, s)
	target := filepath.Join(t.TempDir(), "copy.db")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Backup(ctx, s.path, target, nil); codeOf(err) != exit.Failure {
		t.Errorf("%v", err)
	}
	if names := listed(t, target); len(names) != 0 {
		t.Errorf("left %q", names)
	}
	for _, name := range []string{target, target + ".part"} {
		if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, publish(target+".part", target), exit.NotWritable)
	if text, err := os.ReadFile(target); err != nil || string(text) != target {
		t.Errorf("%q, %v", text, err)
	}
}
