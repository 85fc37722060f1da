package store

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
)

// seed fills a database with pairs, waiting and hibernated sessions, and returns the number of rows.
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
			mustBegin(b, s)
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

// BenchmarkCounter: the cost of the counter for the one commit per second that raises it, compared with one that does
// not.
func BenchmarkCounter(b *testing.B) {
	for name, raised := range map[string]bool{"not raised": false, "raised": true} {
		b.Run(name, func(b *testing.B) {
			s := openNew(b)
			mustBegin(b, s)
			n := seed(b, s, 20_000, 10_000, 50_000)
			if hurried(s); !raised {
				s.counter.clock = func() time.Duration { return -1 }
			}
			for b.Loop() {
				n++
				mustCommit(b, s, put(waiting(n, 1_000_000+n))...)
			}
		})
	}
}

// BenchmarkBareDriver is BenchmarkCommit with the driver alone: the same rows, statement, pragmas and transactions.
func BenchmarkBareDriver(b *testing.B) {
	for _, rows := range []int{1, 2, 100} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			s := openNew(b)
			n := seed(b, s, 20_000, 10_000, 50_000)
			mustClose(b, s)
			dsn, _ := dbfile.WriterDSN(s.path, quick)
			db, err := sql.Open(dbfile.DriverName, dsn)
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			db.SetMaxOpenConns(1)
			upsert, err := db.Prepare(sqlUpsert)
			if err != nil {
				b.Fatal(err)
			}
			place := uint64(1_000_000)
			records := make([]chat.Record, rows)
			for b.Loop() {
				for i := range records {
					n++
					place++
					if i%2 == 1 {
						records[i-1], records[i] = pair(place, n-1, n)
					} else {
						records[i] = waiting(n, place)
					}
				}
				tx, err := db.Begin()
				if err != nil {
					b.Fatal(err)
				}
				within := tx.Stmt(upsert)
				for i := range records {
					if _, err := within.Exec(columns(&records[i], 1)...); err != nil {
						b.Fatal(err)
					}
				}
				if err := tx.Commit(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
		})
	}
}

// BenchmarkCommitEntries: a batch of 100 messages into a mailbox, to compare with 100 rows above. sealed is the part
// that is computed before the write lock is taken.
func BenchmarkCommitEntries(b *testing.B) {
	s := openNew(b)
	mustBegin(b, s)
	seed(b, s, 20_000, 10_000, 50_000)
	to := away(reader(200_000), t0)
	mustCommit(b, s, put(to)...)
	batch := &chat.Batch{Entries: make([]chat.MailEntry, 100)}
	n := uint64(0)
	var sealed time.Duration
	for b.Loop() {
		for i := range batch.Entries {
			n++
			batch.Entries[i] = chat.MailEntry{
				To: to.ID, Key: to.MailKey, Pair: 1<<32 | 1, From: alias(1), N: n, At: t0, Text: strings.Repeat("x", 100),
			}
		}
		began := time.Now()
		entries, err := s.sealEntries(batch)
		if err != nil {
			b.Fatal(err)
		}
		sealed += time.Since(began)
		s.sealing.keep(entries) // so that Commit need not
		if err := s.Commit(batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*100), "ns/entry")
	b.ReportMetric(float64(sealed.Nanoseconds())/float64(b.N*100), "ns-sealing/entry")
}

// BenchmarkMail: a replay of 100 messages.
func BenchmarkMail(b *testing.B) {
	p := newPost(b)
	for n := range uint64(100) {
		p.mustHold(b, p.entry(n+1, strings.Repeat("x", 100)))
	}
	for b.Loop() {
		count := 0
		if err := p.Mail(b.Context(), secretOf(1), p.whole(), func(*chat.MailEntry) error { count++; return nil }); err != nil || count != 100 {
			b.Fatal(count, err)
		}
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
		if got := mustLoad(b, s); len(got) != 50_000 {
			b.Fatal(len(got))
		}
		mustClose(b, s)
	}
}

func BenchmarkLoad(b *testing.B) {
	s := openNew(b)
	seed(b, s, 20_000, 10_000, 50_000)
	for b.Loop() {
		if got := mustLoad(b, s); len(got) != 50_000 {
			b.Fatal(len(got))
		}
	}
}

func BenchmarkSweepNothing(b *testing.B) {
	s := openNew(b)
	seed(b, s, 20_000, 10_000, 50_000)
	for b.Loop() {
		if n, _, err := s.Sweep(t0-1, 1000); n != 0 || err != nil {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkSweep: transactions of 128 rows, out of a database of 100,000; one of them delays the commits behind it.
func BenchmarkSweep(b *testing.B) {
	s := openNew(b)
	mustBegin(b, s)
	n, rows := seed(b, s, 20_000, 10_000, 50_000), 0
	for b.Loop() {
		deleted, _, err := s.Sweep(t0, 128)
		if err != nil {
			b.Fatal(err)
		}
		if rows += deleted; deleted < 128 {
			b.StopTimer()
			var more []chat.Change
			for range 20_000 {
				n++
				more = append(more, put(away(session(n), t0))...)
			}
			mustCommit(b, s, more...)
			b.StartTimer()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
}
