package store

import (
	"testing"

	"chatme/internal/chat"
)

// walFrames returns how many frames the WAL has: it grows with every commit that changes something.
func walFrames(tb testing.TB, s *Store) int {
	tb.Helper()
	var busy, frames, moved int
	if err := s.writer.QueryRow(`PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &frames, &moved); err != nil {
		tb.Fatal(err)
	}
	return frames
}

// TestSweep: sessions that have been idle and away for long are deleted, oldest first and limit at a time; nothing else
// is.
func TestSweep(t *testing.T) {
	s := openNew(t)
	a, b := pair(1, 1, 2)
	a.AwaySince, b.AwaySince = t0, t0
	keep := []chat.Record{a, b, away(waiting(3, 1), t0), session(4), away(session(5), t0+1)}
	ended := away(session(6), t0-1)
	ended.EndedAt = t0 - 1
	gone := []chat.Record{away(session(7), t0), ended, away(session(8), t0-2)}
	mustCommit(t, s, put(append(gone, keep...)...)...)

	for i, want := range []int{2, 1, 0} {
		if n, bytes, err := s.Sweep(t0, 2); err != nil || n != want || bytes != 0 {
			t.Errorf("sweep %d: %d, %d bytes, %v; want %d", i, n, bytes, err, want)
		}
		if _, ok, _ := s.Find(t.Context(), gone[0].Hash); ok != (i == 0) {
			t.Errorf("sweep %d: the youngest exists: %v", i, ok)
		}
	}
	for _, r := range keep {
		if _, ok, err := s.Find(t.Context(), r.Hash); !ok || err != nil {
			t.Errorf("%v was deleted: %v", r.ID, err)
		}
	}
	for _, r := range gone {
		if _, ok, err := s.Find(t.Context(), r.Hash); ok || err != nil {
			t.Errorf("%v still exists: %v", r.ID, err)
		}
	}
}

// TestSweepIdle: with nothing to delete nothing is written (L10).
func TestSweepIdle(t *testing.T) {
	s := openNew(t)
	mustCommit(t, s, put(session(1), away(session(2), t0+1))...)
	before := walFrames(t, s)
	for range 10 {
		if n, _, err := s.Sweep(t0, 100); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	if n, _, err := s.Sweep(t0+1, 0); n != 0 || err != nil {
		t.Errorf("limit 0: %d, %v", n, err)
	}
	if after := walFrames(t, s); after != before {
		t.Errorf("the WAL went from %d to %d frames", before, after)
	}
}

// TestSweepRace: a session that is found expired but resumes before it is deleted stays.
func TestSweepRace(t *testing.T) {
	s := openNew(t)
	r := away(session(1), t0)
	mustCommit(t, s, put(r)...)
	r.AwaySince = 0
	mustCommit(t, s, put(r)...)
	tx, err := s.writer.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if n, bytes, err := s.deleteExpired(tx, []int64{int64(r.ID)}, t0); n != 0 || bytes != 0 || err != nil {
		t.Errorf("%d, %d bytes, %v", n, bytes, err)
	}
}
