package store

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

func TestRoundTrip(t *testing.T) {
	s := openNew(t)
	a, b := pair(1, 1, 2)
	b.AwaySince = t0 + 5
	w := away(waiting(3, 1), t0+7)
	forget := old(waiting(4, 2))
	idle := away(session(5), t0+9)
	ended := away(session(6), t0+11)
	ended.EndedAt = t0 + 11
	all := []chat.Record{a, b, w, forget, idle, ended}
	mustCommit(t, s, put(ended, forget, b, w, a, idle)...)

	check := func(s *Store) {
		t.Helper()
		for _, want := range all {
			wantFound(t, s, want)
		}
		if got, want := mustLoad(t, s), []chat.Record{a, b, w, forget}; !slices.Equal(got, want) {
			t.Errorf("load:\n%+v\nwant\n%+v", got, want)
		}
	}
	check(s)
	mustClose(t, s)
	check(MustOpen(t, s.path))
}

func TestFindUnknown(t *testing.T) {
	_, ok, err := openNew(t).Find(t.Context(), session(1).Hash)
	if ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}

// TestNetRows: a batch states the new rows, whatever the old ones were.
func TestNetRows(t *testing.T) {
	s := openNew(t)
	w := waiting(1, 1)
	mustCommit(t, s, put(w)...)
	// The waiting session is matched with one that was never stored as waiting, and a third comes and goes.
	a, b := pair(1, 1, 2)
	mustCommit(t, s, append(put(a, b), del(session(3)))...)
	// One leaves, and its row is deleted; the other is queued again.
	again := waiting(1, 2)
	mustCommit(t, s, append(put(again), del(b))...)
	// Everything that can be NULL becomes NULL again, and the unique values of a deleted row are free in the same batch.
	idle := session(1)
	reborn := waiting(4, 3)
	reborn.Hash = b.Hash
	mustCommit(t, s, put(idle, reborn)...)
	reborn2 := waiting(5, 3)
	reborn2.Hash = b.Hash
	mustCommit(t, s, append(put(reborn2), del(reborn))...)

	if got := mustLoad(t, s); !slices.Equal(got, []chat.Record{reborn2}) {
		t.Errorf("%+v", got)
	}
	wantFound(t, s, idle)
	if err := s.Commit(&chat.Batch{}); err != nil {
		t.Error(err)
	}
}

// TestConstraints: the database refuses what the laws forbid, and keeps nothing of the batch.
func TestConstraints(t *testing.T) {
	edit := func(r chat.Record, f func(*chat.Record)) chat.Record { f(&r); return r }
	a, b := pair(1, 1, 2)
	c, d := pair(2, 3, 4)
	for name, tt := range map[string]struct {
		before, batch []chat.Change
		want          string
	}{
		"L1 waiting and paired":  {nil, put(edit(a, func(r *chat.Record) { r.Place, r.QueuedAt = 1, t0 }), b), "L1_one_state"},
		"L1 place without time":  {nil, put(edit(waiting(1, 1), func(r *chat.Record) { r.QueuedAt = 0 })), "L1_whole_place"},
		"L1 time without place":  {nil, put(edit(waiting(1, 1), func(r *chat.Record) { r.Place = 0 })), "L1_whole_place"},
		"L1 pair without alias":  {nil, put(edit(a, func(r *chat.Record) { r.Alias = "" }), b), "L1_whole_pair"},
		"L1 pair without time":   {nil, put(edit(a, func(r *chat.Record) { r.MatchedAt = 0 }), b), "L1_whole_pair"},
		"L1 side without pair":   {nil, put(edit(session(1), func(r *chat.Record) { r.Side = 1 })), "L1_whole_pair"},
		"L1 alias without pair":  {nil, put(edit(session(1), func(r *chat.Record) { r.Alias = alias(1) })), "L1_whole_pair"},
		"L1 ended and waiting":   {nil, put(edit(waiting(1, 1), func(r *chat.Record) { r.EndedAt = t0 })), "L1_ended_idle"},
		"L1 ended and paired":    {nil, put(edit(a, func(r *chat.Record) { r.EndedAt = t0 }), b), "L1_ended_idle"},
		"L2 both on one side":    {nil, put(a, edit(b, func(r *chat.Record) { r.Side = 0 })), "sessions.pair, sessions.side"},
		"L2 three in a pair":     {put(a, b), put(edit(c, func(r *chat.Record) { r.Pair = a.Pair }), d), "sessions.pair, sessions.side"},
		"L2 side 2":              {nil, put(edit(a, func(r *chat.Record) { r.Side = 2 }), b), "side IN (0, 1)"},
		"L3 one place for two":   {put(waiting(1, 1)), put(waiting(2, 1)), "sessions.place"},
		"one hash for two":       {put(session(1)), put(edit(session(2), func(r *chat.Record) { r.Hash = session(1).Hash })), "sessions.hash"},
		"another hash":           {put(session(1)), put(edit(session(1), func(r *chat.Record) { r.Hash[0]++ })), "another hash"},
		"no id":                  {nil, put(edit(session(1), func(r *chat.Record) { r.ID = 0 })), "id > 0"},
		"id beyond 63 bits":      {nil, put(edit(session(1), func(r *chat.Record) { r.ID = 1 << 63 })), "id > 0"},
		"never created":          {nil, put(edit(session(1), func(r *chat.Record) { r.CreatedAt = 0 })), "created_at > 0"},
		"away before 1970":       {nil, put(away(session(1), -1)), "away_since > 0"},
		"a legacy client's mail": {nil, put(edit(session(1), func(r *chat.Record) { r.Resumable = false })), "resumable = 1"},
		"canary: a text as alias": {nil, put(edit(a, func(r *chat.Record) {
			r.Alias = "hello, is it me you are looking for?" // 36 characters
		}), b), "length(alias) = 36"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openNew(t)
			mustCommit(t, s, tt.before...)
			before := dump(t, s)
			extra := session(99) // comes first in the batch, and must not stay
			err := s.Commit(&chat.Batch{Changes: append(put(extra), tt.batch...)})
			wantCode(t, err, exit.IO)
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v; want it to name %q", err, tt.want)
			}
			if e := err.(*dbfile.Error); e.Transient() {
				t.Error("transient")
			}
			if after := dump(t, s); after != before {
				t.Errorf("the database has changed:\n%s\nwant\n%s", after, before)
			}
			mustCommit(t, s, put(extra)...) // and the store still works
		})
	}
}

// dump returns the ids and states of all sessions.
func dump(tb testing.TB, s *Store) string {
	tb.Helper()
	var out string
	err := s.reader.GetContext(tb.Context(), &out, `
		SELECT coalesce(group_concat(id || ' ' || coalesce(place, '-') || ' ' || coalesce(pair, '-'), char(10)), '')
		FROM (SELECT * FROM sessions ORDER BY id)`)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// TestWriteLockHeld: while another program holds the write lock a commit is transient, and the same batch succeeds once
// the lock is released.
func TestWriteLockHeld(t *testing.T) {
	s := openNew(t)
	release := holdWriteLock(t, s.path)
	batch := put(waiting(1, 1))
	for range 2 {
		err := s.Commit(&chat.Batch{Changes: batch})
		wantCode(t, err, exit.AlreadyRunning)
		if !err.(*dbfile.Error).Transient() {
			t.Error("not transient")
		}
	}
	if _, ok, err := s.Find(t.Context(), batch[0].Hash); ok || err != nil {
		t.Errorf("found %v, %v: reads must work, and nothing must be written", ok, err)
	}
	release()
	mustCommit(t, s, batch...)
	if got := mustLoad(t, s); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

// holdWriteLock takes the write lock with the sqlite3 shell until release is called.
func holdWriteLock(tb testing.TB, path string) (release func()) {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), shell(tb), path)
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	if _, err := in.Write([]byte("BEGIN IMMEDIATE; SELECT 'held';\n")); err != nil {
		tb.Fatal(err)
	}
	buf := make([]byte, 5)
	if _, err := out.Read(buf); err != nil || string(buf[:4]) != "held" {
		tb.Fatalf("%q, %v", buf, err)
	}
	return func() {
		tb.Helper()
		in.Close()
		if err := cmd.Wait(); err != nil {
			tb.Error(err)
		}
	}
}

// shell returns the path of the sqlite3 shell, which the tests require.
func shell(tb testing.TB) string {
	tb.Helper()
	path, err := exec.LookPath("sqlite3")
	if err != nil {
		tb.Fatal("the sqlite3 shell is needed: apt-get install sqlite3")
	}
	return path
}

// TestDiskFull: a full database is transient, rolled back as a whole, and recovers.
func TestDiskFull(t *testing.T) {
	s := openNew(t)
	mustCommit(t, s, put(session(1))...)
	before := dump(t, s)
	limit := func(pages string) {
		t.Helper()
		var got int
		if err := s.writer.QueryRow("PRAGMA max_page_count = " + pages).Scan(&got); err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // SQLite raises it to the size now in use
	var batch []chat.Change
	for n := range uint64(2000) {
		batch = append(batch, put(session(n+2))...)
	}
	for range 3 {
		err := s.Commit(&chat.Batch{Changes: batch})
		wantCode(t, err, exit.NotWritable)
		if !err.(*dbfile.Error).Transient() {
			t.Fatalf("not transient: %v", err)
		}
		if after := dump(t, s); after != before {
			t.Fatal("part of the batch was written")
		}
	}
	limit("1000000")
	mustCommit(t, s, batch...)
	var n int
	if err := s.reader.Get(&n, `SELECT count(*) FROM sessions`); err != nil || n != 2001 {
		t.Errorf("%d rows, %v", n, err)
	}
}
