package store

import (
	"database/sql"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/exit"
	"chatme/migrations"
)

// stepsWith returns the real migrations and extra ones.
func stepsWith(tb testing.TB, extra map[string]string) fs.FS {
	tb.Helper()
	m := fstest.MapFS{}
	all, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range all {
		b, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			tb.Fatal(err)
		}
		m[name] = &fstest.MapFile{Data: b}
	}
	for name, text := range extra {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

// TestMigrationFiles: numbered without a gap, forward only, each in a transaction.
func TestMigrationFiles(t *testing.T) {
	p, err := newPlan(migrations.FS)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range p.versions {
		if v != int64(i+1) {
			t.Errorf("migration %d is numbered %d", i+1, v)
		}
	}
	all, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		b, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"+goose Down", "NO TRANSACTION", "ENVSUB"} {
			if strings.Contains(string(b), bad) {
				t.Errorf("%s has %q", name, bad)
			}
		}
	}
}

const (
	goodStep = "-- +goose Up\nCREATE TABLE extra (x INTEGER) STRICT;\n"
	badStep  = "-- +goose Up\nCREATE TABLE half (x INTEGER) STRICT;\nDELETE FROM sessions;\nINSERT INTO nowhere VALUES (1);\n"
)

// TestUpgrade: a migration is preceded by a copy, and a copy from an earlier upgrade is deleted once it has succeeded.
func TestUpgrade(t *testing.T) {
	path := filled(t)
	old := path + beforeInfix + "0001"
	for _, name := range []string{old, path + beforeInfix + "0005.part"} {
		if err := os.WriteFile(name, []byte("old"), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	s, err := open(t.Context(), Config{Path: path}, stepsWith(t, map[string]string{"0005_extra.sql": goodStep}))
	if err != nil {
		t.Fatal(err)
	}
	if s.schema != 5 {
		t.Errorf("schema %d", s.schema)
	}
	if started := mustBegin(t, s); started.Boot != 2 {
		t.Errorf("%+v", started)
	}
	mustClose(t, s)
	want := []string{"chatme.db", "chatme.db.before-0005", "chatme.db.witness"}
	if got := names(tree(t, filepath.Dir(path))); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	// The copy is a database that the old program opens; it refuses the new one's.
	if got := mustLoad(t, MustOpen(t, path+beforeInfix+"0005")); len(got) == 0 {
		t.Error("nothing")
	}
	_, err = Open(t.Context(), Config{Path: path})
	wantCode(t, err, exit.BadDatabase)
}

// TestMailboxMigration: a database from before the mailbox migration keeps its rows, and a copy of itself; its sessions
// have no key yet, and later ones do.
func TestMailboxMigration(t *testing.T) {
	path := newPath(t)
	first := fstest.MapFS{}
	for name, file := range stepsWith(t, nil).(fstest.MapFS) {
		if strings.HasPrefix(name, "0001") {
			first[name] = file
		}
	}
	// The program of that time no longer exists: its rows are written by hand.
	db, err := sql.Open(dbfile.DriverName, dbfile.URI(path, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := up(db, first); err != nil {
		t.Fatal(err)
	}
	a, b := pair(1, 1, 2)
	want := []chat.Record{a, b, waiting(3, 1), away(session(4), t0)}
	for i := range want {
		want[i].MailKey = chat.MailKey{}
		_, err := db.Exec(`
			INSERT INTO sessions (id, hash, resumable, created_at, away_since, ended_at, place, queued_at, pair, side, alias, matched_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, columns(&want[i], 0)[:12]...)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	s := MustOpen(t, path)
	if got := mustLoad(t, s); !slices.Equal(got, want[:3]) {
		t.Errorf("%+v, want %+v", got, want[:3])
	}
	wantFound(t, s, want[3])
	mustBegin(t, s)
	mustCommit(t, s, put(reader(5))...)
	wantFound(t, s, reader(5))
	kept := path + beforeInfix + "0002"
	if got := ask(t, kept, `SELECT count(*), max(version_id) FROM sessions, goose_db_version`); got[0] != "8|1" { // 0 and 1
		t.Errorf("the copy has %q", got)
	}
}

// TestUpgradeFails: a failing migration leaves the database unchanged, with the copy beside it, repeatedly; the old
// program still runs on it; and when the migration is fixed the upgrade succeeds.
func TestUpgradeFails(t *testing.T) {
	path := filled(t)
	before := schemaOf(t, path)
	steps := stepsWith(t, map[string]string{"0005_extra.sql": badStep})
	for range 2 {
		_, err := open(t.Context(), Config{Path: path}, steps)
		wantCode(t, err, exit.BadDatabase)
		for _, want := range []string{"0005", "nowhere", "rolled back", path + beforeInfix + "0005"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q in it", err, want)
			}
		}
		if after := schemaOf(t, path); !maps.Equal(after, before) {
			t.Errorf("schema is %q", after)
		}
	}
	if got := mustLoad(t, MustOpen(t, path)); len(got) == 0 {
		t.Error("the sessions are missing")
	}
}

// TestFirstMigrationFails: a new file whose very first migration fails can be retried.
func TestFirstMigrationFails(t *testing.T) {
	path := newPath(t)
	_, err := open(t.Context(), Config{Path: path}, fstest.MapFS{"0001_bad.sql": {Data: []byte(badStep)}})
	wantCode(t, err, exit.BadDatabase)
	MustOpen(t, path)
}

// TestUpgradeHalfWay: of two migrations the first is kept when the second fails.
func TestUpgradeHalfWay(t *testing.T) {
	path := filled(t)
	_, err := open(t.Context(), Config{Path: path}, stepsWith(t, map[string]string{
		"0005_extra.sql": goodStep, "0006_bad.sql": badStep,
	}))
	wantCode(t, err, exit.BadDatabase)
	s, err := open(t.Context(), Config{Path: path}, stepsWith(t, map[string]string{"0005_extra.sql": goodStep}))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := mustLoad(t, s); len(got) == 0 {
		t.Error("nothing")
	}
}

// TestSecondStartMigratesNothing: it makes no copy and writes nothing.
func TestSecondStartMigratesNothing(t *testing.T) {
	path := filled(t)
	before := tree(t, filepath.Dir(path))
	mustClose(t, MustOpen(t, path))
	if after := tree(t, filepath.Dir(path)); !maps.Equal(after, before) {
		t.Errorf("touched: %q", names(after))
	}
}

// schemaOf returns the SQL of everything in the database.
func schemaOf(tb testing.TB, path string) map[string]string {
	tb.Helper()
	s := MustOpen(tb, path)
	defer mustClose(tb, s)
	var rows []struct{ Name, SQL string }
	if err := s.reader.Select(&rows, `SELECT name, coalesce(sql, '') AS sql FROM sqlite_schema`); err != nil {
		tb.Fatal(err)
	}
	m := map[string]string{}
	for _, r := range rows {
		m[r.Name] = r.SQL
	}
	return m
}
