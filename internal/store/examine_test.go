package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// startedOnce makes a database that was started once and is closed.
func startedOnce(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chatme.db")
	s := MustOpen(t, path)
	if _, err := s.Begin(t.Context(), Boot{At: 5_000}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExamineLeavesNoTrace(t *testing.T) {
	path := startedOnce(t)
	list := func() (names []string) {
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	before, content := list(), mustReadFile(t, path)
	found, err := Examine(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CheckIntegrity(t.Context(), path); err != nil {
		t.Error(err)
	}
	if got := list(); !slices.Equal(got, before) || !slices.Equal(content, mustReadFile(t, path)) {
		t.Errorf("the directory holds %q, want %q, or the file was changed", got, before)
	}
	for _, p := range found.Pragmas {
		if p.Got != p.Want {
			t.Errorf("PRAGMA %s is %s, want %s", p.Name, p.Got, p.Want)
		}
	}
	if len(found.Pragmas) < 9 || found.SQLiteBug || found.Litestream || found.Schema != found.Latest {
		t.Errorf("%+v", found)
	}
	if want := []BootRow{{Boot: 1, Started: 5_000}}; !slices.Equal(found.Boots, want) {
		t.Errorf("boots %+v, want %+v", found.Boots, want)
	}
}

// The contents of the WAL count beside a server that has not checkpointed.
func TestExamineBesideAServer(t *testing.T) {
	path := startedOnce(t)
	s := MustOpen(t, path)
	if _, err := s.Begin(t.Context(), Boot{At: 9_000}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.writer.Exec(`CREATE TABLE _litestream_lock (id INTEGER)`); err != nil {
		t.Fatal(err)
	}
	found, err := Examine(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if want := []BootRow{{Boot: 2, Started: 9_000}, {Boot: 1, Started: 5_000}}; !slices.Equal(found.Boots, want) || !found.Litestream {
		t.Errorf("%+v", found)
	}
	if err := s.End("test", chat.Time(10_000)); err != nil {
		t.Error(err)
	}
}

func TestExamineFindsAnotherJournalMode(t *testing.T) {
	path := startedOnce(t)
	if out, err := exec.Command("sqlite3", path, `PRAGMA journal_mode = DELETE`).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	found, err := Examine(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(found.Pragmas, func(p PragmaRead) bool { return p.Name == "journal_mode" })
	if found.Pragmas[i].Got != "delete" {
		t.Errorf("%+v", found.Pragmas[i])
	}
}

func TestCheckIntegrityFindsDamage(t *testing.T) {
	path := startedOnce(t)
	content := mustReadFile(t, path)
	for i := len(content) - 4096; i < len(content)-2048; i++ {
		content[i] ^= 0x5a
	}
	if err := os.WriteFile(path, content, 0o640); err != nil {
		t.Fatal(err)
	}
	_, err := CheckIntegrity(t.Context(), path)
	if e, ok := errors.AsType[*dbfile.Error](err); !ok || e.ExitCode() != exit.BadDatabase {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := CheckIntegrity(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestHolderOnlyLooks(t *testing.T) {
	path := startedOnce(t)
	if pid, err := dbfile.Holder(path); pid != 0 || err != nil {
		t.Errorf("no holder: %d, %v", pid, err)
	}
	s := MustOpen(t, path)
	if pid, err := dbfile.Holder(path); pid != os.Getpid() || err != nil {
		t.Errorf("this process: %d, %v", pid, err)
	}
	s.Close()
	if pid, err := dbfile.Holder(path); pid != 0 || err != nil {
		t.Errorf("no holder again: %d, %v", pid, err)
	}
	if pid, err := dbfile.Holder(filepath.Join(t.TempDir(), "new.db")); pid != 0 || err != nil {
		t.Errorf("no lock file: %d, %v", pid, err)
	}
}

func TestFilesOf(t *testing.T) {
	path := startedOnce(t)
	for _, name := range []string{".before-0002", ".before-0003", ".replaced-20260101T000000.000Z", ".part-00ff", ".else"} {
		if err := os.WriteFile(path+name, nil, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	f, err := FilesOf(path)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(slices.Concat(f.Before, f.Replaced, f.Parts), " ")
	want := strings.Join([]string{path + ".before-0002", path + ".before-0003", path + ".replaced-20260101T000000.000Z", path + ".part-00ff"}, " ")
	if got != want || f.Litestream != filepath.Join(filepath.Dir(path), ".chatme.db-litestream") {
		t.Errorf("%s, want %s; %s", got, want, f.Litestream)
	}
	if _, err := FilesOf(filepath.Join(t.TempDir(), "none", "chatme.db")); err == nil {
		t.Error("no error for a missing directory")
	}
}

func TestDoubt(t *testing.T) {
	path := startedOnce(t)
	if why, err := Doubt(t.Context(), path); why != "" || err != nil {
		t.Errorf("%q, %v", why, err)
	}
	if err := os.Remove(path + witnessSuffix); err != nil {
		t.Fatal(err)
	}
	if why, err := Doubt(t.Context(), path); !strings.HasPrefix(why, "no witness") || err != nil {
		t.Errorf("%q, %v", why, err)
	}
	never := openNew(t)
	mustClose(t, never)
	if why, err := Doubt(t.Context(), never.path); why != "" || err != nil {
		t.Errorf("never started: %q, %v", why, err)
	}
}

func mustReadFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name) // no process has it open
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// What was read of an unopened file is discarded once a server has started on it.
func TestExamineWhileAServerStarts(t *testing.T) {
	path := startedOnce(t)
	tries := 0
	err := examining(t.Context(), path, func(*sql.DB, []dbfile.Pragma, int64, int64) error {
		if tries++; tries > 1 {
			return nil
		}
		s := MustOpen(t, path)
		if _, err := s.Begin(t.Context(), Boot{At: 9_000}); err != nil {
			t.Fatal(err)
		}
		return errors.New("half of something")
	})
	if err != nil || tries != 2 {
		t.Errorf("%d attempts, %v", tries, err)
	}
}
