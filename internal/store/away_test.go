package store

import (
	"database/sql"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/exit"
	"chatme/migrations"
)

// beginAt starts the database at path at the given moment.
func beginAt(tb testing.TB, path string, at chat.Time) *Store {
	tb.Helper()
	s := MustOpen(tb, path)
	if _, err := s.Begin(tb.Context(), Boot{Version: "v1", Commit: "c0ffee", At: at}); err != nil {
		tb.Fatal(err)
	}
	return s
}

// TestStartRewritesNothing: a start writes its own row, however many sessions were connected when the last one ended.
func TestStartRewritesNothing(t *testing.T) {
	path := newPath(t)
	s := beginAt(t, path, t0)
	seed(t, s, 1000, 1000, 0)
	mustClose(t, s)
	for boot := range 3 {
		s := beginAt(t, path, t0+hour)
		if frames := walFrames(t, s); frames > 4 {
			t.Errorf("start %d wrote %d pages", boot+2, frames)
		}
		records := mustLoad(t, s)
		if len(records) != 3000 {
			t.Errorf("%d sessions", len(records))
		}
		for _, r := range records {
			if r.AwaySince != t0+hour {
				t.Fatalf("start %d: session %d has been away since %d", boot+2, r.ID, r.AwaySince-t0)
			}
		}
		mustClose(t, s)
	}
}

// TestAwaySinceTheNextStart: a session that was connected when its server ended is away since the next start began, even
// if that start and the one after it were killed before they wrote its row; and once it has resumed, since the start
// after that.
func TestAwaySinceTheNextStart(t *testing.T) {
	path := newPath(t)
	s := beginAt(t, path, t0)
	a, b := pair(1, 1, 2)
	w, idle := waiting(3, 1), session(4)
	mustCommit(t, s, put(a, b, w, idle)...)
	if n, err := s.Connected(t.Context()); n != 4 || err != nil {
		t.Errorf("%d connected, %v; want 4", n, err)
	}
	want := func(s *Store, since map[chat.ID]chat.Time) {
		t.Helper()
		for _, r := range []chat.Record{a, b, w, idle} {
			found, ok, err := s.Find(t.Context(), r.Hash)
			if !ok || err != nil || found.AwaySince != since[r.ID] {
				t.Errorf("session %d: away since %d, %v, %v; want %d", r.ID&7, found.AwaySince, ok, err, since[r.ID])
			}
		}
		if err := s.Laws(t.Context()); err != nil {
			t.Error(err)
		}
	}
	want(s, nil)
	mustClose(t, s) // all without End: each of these was killed

	for at := t0 + hour; at <= t0+3*hour; at += hour {
		s = beginAt(t, path, at)
		want(s, map[chat.ID]chat.Time{a.ID: t0 + hour, b.ID: t0 + hour, w.ID: t0 + hour, idle.ID: t0 + hour})
		if n, err := s.Connected(t.Context()); n != 0 || err != nil {
			t.Errorf("%d connected, %v; want none", n, err)
		}
		mustClose(t, s)
	}

	s = beginAt(t, path, t0+4*hour)
	mustCommit(t, s, put(a)...) // has resumed
	want(s, map[chat.ID]chat.Time{b.ID: t0 + hour, w.ID: t0 + hour, idle.ID: t0 + hour})
	if n, err := s.Connected(t.Context()); n != 1 || err != nil {
		t.Errorf("%d connected, %v; want 1", n, err)
	}
	mustCommit(t, s, put(away(w, t0+hour))...) // its row is written while it stays away
	mustClose(t, s)
	s = beginAt(t, path, t0+5*hour)
	want(s, map[chat.ID]chat.Time{a.ID: t0 + 5*hour, b.ID: t0 + hour, w.ID: t0 + hour, idle.ID: t0 + hour})
	for query, rows := range map[string][]string{
		`SELECT state, here, away_since FROM v_sessions`: {
			"idle|away|2026-09-21T15:13:20Z", "waiting|away|2026-09-21T15:13:20Z",
			"paired|away|2026-09-21T15:13:20Z", "paired|away|2026-09-21T19:13:20Z",
		},
		`SELECT here FROM v_queue`: {"away"},
		`SELECT away FROM v_pairs`: {"both"},
	} {
		if got := ask(t, path, query); !slices.Equal(got, rows) {
			t.Errorf("%s: %q, want %q", query, got, rows)
		}
	}
}

// TestAwaySinceTheRestore: in a restored copy, the sessions that were connected when it was made are away since the
// start that found it.
func TestAwaySinceTheRestore(t *testing.T) {
	path, backup, _, p := backedUp(t)
	if _, err := Restore(t.Context(), RestoreConfig{Path: path, Source: backup, Replace: true}); err != nil {
		t.Fatal(err)
	}
	s := beginAt(t, path, t0+9*hour)
	found, ok, err := s.Find(t.Context(), p.from.Hash)
	if !ok || err != nil || found.AwaySince != t0 || found.Pair != 0 { // its own server had ended, and another started, before
		t.Errorf("%+v, %v, %v", found, ok, err)
	}
	now := waiting(9, 9)
	now.ID, now.Place = 4<<32|9, 4<<32|9
	mustCommit(t, s, put(now)...)
	if _, err := Backup(t.Context(), path, backup+"2", nil); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	for at := t0 + 10*hour; at <= t0+12*hour; at += hour { // the live database continues, and must not count
		mustClose(t, beginAt(t, path, at))
	}
	if _, err := Restore(t.Context(), RestoreConfig{Path: path, Source: backup + "2", Replace: true}); err != nil {
		t.Fatal(err)
	}
	s = beginAt(t, path, t0+20*hour)
	if found, ok, err := s.Find(t.Context(), now.Hash); !ok || err != nil || found.AwaySince != t0+20*hour {
		t.Errorf("%+v, %v, %v", found, ok, err)
	}
}

// TestSweepLeft: an idle session that was connected when its server was killed expires by the start after that, not
// earlier, and without its row being written again.
func TestSweepLeft(t *testing.T) {
	path := newPath(t)
	s := beginAt(t, path, t0)
	first := session(1)
	mustCommit(t, s, put(first, waiting(2, 1))...)
	mustClose(t, s)
	s = beginAt(t, path, t0+hour)
	second := session(3)
	mustCommit(t, s, put(second)...)
	mustClose(t, s)
	s = beginAt(t, path, t0+2*hour)
	third := session(4) // is connected
	mustCommit(t, s, put(third)...)

	wantLeft := func(before chat.Time, deleted int, left ...chat.Record) {
		t.Helper()
		if n, _, err := s.Sweep(before, 10); n != deleted || err != nil {
			t.Errorf("%d deleted, %v; want %d", n, err, deleted)
		}
		for _, r := range []chat.Record{first, second, third} {
			_, ok, err := s.Find(t.Context(), r.Hash)
			if want := slices.Contains(left, r); ok != want || err != nil {
				t.Errorf("session %d exists: %v, %v; want %v", r.ID&7, ok, err, want)
			}
		}
	}
	wantLeft(t0+hour-1, 0, first, second, third)
	wantLeft(t0+hour, 1, second, third)
	wantLeft(t0+2*hour-1, 0, second, third)
	wantLeft(t0+2*hour, 1, third)
	wantLeft(t0+99*hour, 0, third)
	mustClose(t, s)
	for at := t0 + 3*hour; at <= t0+5*hour; at += hour {
		mustClose(t, beginAt(t, path, at))
	}
	s = beginAt(t, path, t0+6*hour)
	wantLeft(t0+3*hour-1, 0, third)
	wantLeft(t0+3*hour, 1)
	if got := ask(t, path, `SELECT count(*) FROM sessions`); got[0] != "1" { // the waiting one
		t.Errorf("%s sessions", got)
	}
}

// TestSweepStopsAtLargeMail: much mail is not deleted in one transaction, and the result shows that more is left.
func TestSweepStopsAtLargeMail(t *testing.T) {
	s := openNew(t)
	mustBegin(t, s)
	image := "data:image/png;base64," + strings.Repeat("A", sweepBytes*3/4)
	var batch chat.Batch
	for n := uint64(1); n <= 5; n++ {
		r := away(reader(n), t0)
		batch.Changes = append(batch.Changes, put(r)...)
		batch.Entries = append(batch.Entries, chat.MailEntry{To: r.ID, Key: r.MailKey, Pair: 1<<32 | 1, From: alias(1), N: 1, At: t0, Image: image})
	}
	if err := s.Commit(&batch); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{2, 2, 1, 0} {
		n, bytes, err := s.Sweep(t0, 100)
		if n != want || (bytes != 0) != (want != 0) || bytes > 2*sweepBytes || err != nil {
			t.Errorf("sweep %d: %d sessions, %d bytes of mail, %v; want %d", i, n, bytes, err, want)
		}
	}
}

// migration returns the content of the real migration with that name.
func migration(tb testing.TB, name string) string {
	tb.Helper()
	b, err := fs.ReadFile(migrations.FS, name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// threeSteps returns the migrations before 0004_away.sql.
func threeSteps(tb testing.TB) fstest.MapFS {
	tb.Helper()
	m := stepsWith(tb, nil).(fstest.MapFS)
	maps.DeleteFunc(m, func(name string, _ *fstest.MapFile) bool { return name >= "0004" })
	return m
}

// beforeAway makes a database as left by the program before 0004_away.sql: in its second start one session was away and
// three were connected.
func beforeAway(tb testing.TB) (path string, was []chat.Record) {
	tb.Helper()
	path = newPath(tb)
	db, err := sql.Open(dbfile.DriverName, dbfile.URI(path, nil))
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	if err := up(db, threeSteps(tb)); err != nil {
		tb.Fatal(err)
	}
	a, b := pair(1, 1, 2)
	was = []chat.Record{away(a, t0-hour), b, waiting(3, 1), session(4)}
	for i := range was {
		_, err := db.Exec(`
			INSERT INTO sessions (id, hash, resumable, created_at, away_since, ended_at, place, queued_at, pair, side, alias, matched_at, mail_key)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, columns(&was[i], 0)[:13]...)
		if err != nil {
			tb.Fatal(err)
		}
	}
	for boot := 1; boot <= 2; boot++ {
		_, err := db.Exec(`
			INSERT INTO boots (boot, started_at, version, commit_hash, schema, epoch) VALUES (?, ?, 'v1', 'c0ffee', 3, ?)`,
			boot, int64(t0-2*hour), strings.Repeat("a", 32))
		if err != nil {
			tb.Fatal(err)
		}
	}
	return path, was
}

// TestAwayMigration: a session that was connected when the program was replaced is away since the new one started.
func TestAwayMigration(t *testing.T) {
	path, was := beforeAway(t)
	if now := ask(t, path, `SELECT count(*) FROM v_sessions WHERE here = 'connected'`); now[0] != "3" {
		t.Errorf("%s connected before", now)
	}
	mustClose(t, MustOpen(t, path)) // migrates, and is killed before Begin
	if now := ask(t, path, `SELECT count(*) FROM v_sessions WHERE here = 'connected'`); now[0] != "3" {
		t.Errorf("%s connected as of the last start", now)
	}
	s := beginAt(t, path, t0)
	for i, r := range was {
		want := t0
		if i == 0 {
			want = t0 - hour
		}
		if found, ok, err := s.Find(t.Context(), r.Hash); !ok || err != nil || found.AwaySince != want {
			t.Errorf("session %d: away since %d, %v, %v; want %d", i+1, found.AwaySince, ok, err, want)
		}
	}
}

// TestAwayMigrationStops: wherever the migration is interrupted, the database is unchanged, and the next start migrates
// it.
func TestAwayMigrationStops(t *testing.T) {
	path, was := beforeAway(t)
	dump := func() string {
		return strings.Join(ask(t, path, `.dump`), "\n")
	}
	before := dump()
	statements := strings.SplitAfter(migration(t, "0004_away.sql"), ";\n")
	for n := range statements {
		steps := threeSteps(t)
		steps["0004_away.sql"] = &fstest.MapFile{Data: []byte(strings.Join(statements[:n], "") + "\nINSERT INTO nowhere VALUES (1);\n")}
		if n == 0 {
			steps["0004_away.sql"].Data = []byte("-- +goose Up\nINSERT INTO nowhere VALUES (1);\n")
		}
		_, err := open(t.Context(), Config{Path: path}, steps)
		wantCode(t, err, exit.BadDatabase)
		if after := dump(); after != before {
			t.Fatalf("interrupted after statement %d:\n%s", n, after)
		}
	}
	if len(statements) < 8 {
		t.Errorf("only %d statements", len(statements))
	}
	s := beginAt(t, path, t0)
	wantFound(t, s, away(was[3], t0))
	if err := s.Laws(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestNoTemporaryFile: no connection of a server or a command would put a file into the directory for temporary files,
// which a container does not have.
func TestNoTemporaryFile(t *testing.T) {
	path := filled(t)
	writer, _ := dbfile.WriterDSN(path, quick)
	reader, _ := dbfile.ReaderDSN(path, quick)
	examining, _, _ := examineDSN(path)
	for name, dsn := range map[string]string{
		"writer": writer, "reader": reader, "examine": examining, "check": dbfile.CheckDSN(path, "ro", false, quick),
		"immutable": dbfile.CheckDSN(path, "ro", true, quick), "check for writing": dbfile.CheckDSN(path, "rw", false, quick),
	} {
		err := withFile(path, dsn, func(db *sql.DB) error {
			var store string
			if err := db.QueryRow(`PRAGMA temp_store`).Scan(&store); err != nil {
				return err
			}
			if store != "2" {
				return fmt.Errorf("temp_store is %s", store)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
