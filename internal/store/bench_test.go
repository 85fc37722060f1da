package store

import (
	"fmt"
	"testing"

	"chatme/internal/chat"
)

// seed fills a database with pairs, waiting and hibernated sessions, and returns how many rows it has.
func seed(tb testing.TB, s *Store, pairs, queue, hibernated uint64) uint64 {
	tb.Helper()
	n := uint64(0)
	var batch []chat.Change
	add := func(r ...chat.Record) {
		n += uint64(len(r))
		if batch = append(batch, put(r...)...); len(batch) >= 1000 {
			mustCommit(tb, s, batch...)
			batch = batch[:0]
		}
	}
	for i := range pairs {
		a, b := pair(i+1, n+1, n+2)
		add(a, b)
	}
	for i := range queue {
		add(waiting(n+1, i+1))
	}
	for range hibernated {
		add(away(session(n+1), t0))
	}
	mustCommit(tb, s, batch...)
	return n
}

// BenchmarkCommit: new rows into a database of 100,000; every second one is matched with the one before it.
func BenchmarkCommit(b *testing.B) {
	for _, rows := range []int{1, 2, 100} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			s := openNew(b)
			n := seed(b, s, 20_000, 10_000, 50_000)
			batch := make([]chat.Change, rows)
			place := uint64(1_000_000)
			for b.Loop() {
				for i := range batch {
					n++
					place++
					if i%2 == 1 {
						batch[i-1].Record, batch[i].Record = pair(place, n-1, n)
					} else {
						batch[i].Record = waiting(n, place)
					}
				}
				mustCommit(b, s, batch...)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
		})
	}
}

// BenchmarkRematch: one batch gives 50 pairs, spread over the table, a new chat.
func BenchmarkRematch(b *testing.B) {
	s := openNew(b)
	seed(b, s, 20_000, 0, 60_000)
	number := uint64(1_000_000)
	batch := make([]chat.Change, 100)
	for b.Loop() {
		for i := uint64(0); i < 100; i += 2 {
			number++
			batch[i].Record, batch[i+1].Record = pair(number, i*400+1, i*400+2)
		}
		mustCommit(b, s, batch...)
	}
}

func BenchmarkFind(b *testing.B) {
	s := openNew(b)
	n := seed(b, s, 20_000, 10_000, 50_000)
	i := uint64(0)
	for b.Loop() {
		i = (i + 7919) % n
		if _, ok, err := s.Find(b.Context(), session(i+1).Hash); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

// BenchmarkStart: open, begin and load a database of 100,000 rows.
func BenchmarkStart(b *testing.B) {
	s := openNew(b)
	seed(b, s, 20_000, 10_000, 50_000)
	mustClose(b, s)
	at := t0
	for b.Loop() {
		s, err := Open(b.Context(), Config{Path: s.path})
		if err != nil {
			b.Fatal(err)
		}
		at += hour
		if _, err := s.Begin(b.Context(), Boot{Version: "v1", At: at}); err != nil {
			b.Fatal(err)
		}
		if got, err := s.Load(b.Context()); err != nil || len(got) != 50_000 {
			b.Fatal(len(got), err)
		}
		mustClose(b, s)
	}
}

func BenchmarkLoad(b *testing.B) {
	s := openNew(b)
	seed(b, s, 20_000, 10_000, 50_000)
	for b.Loop() {
		if got, err := s.Load(b.Context()); err != nil || len(got) != 50_000 {
			b.Fatal(len(got), err)
		}
	}
}

func BenchmarkSweepNothing(b *testing.B) {
	s := openNew(b)
	seed(b, s, 20_000, 10_000, 50_000)
	for b.Loop() {
		if n, err := s.Sweep(t0-1, 1000); n != 0 || err != nil {
			b.Fatal(n, err)
		}
	}
}
