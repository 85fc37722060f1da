package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/chat"
	"chatme/internal/secret"
)

// notedStore records the calls to it, in order.
type notedStore struct {
	*heldStore
	during func(call string, n int) // called as the nth of these calls begins; may be nil

	mu      sync.Mutex // guards the fields below
	calls   []string   // "commit" and "sweep"
	before  chat.Time  // of the last sweep
	expired int        // rows that can be swept
}

// note records a call and runs during.
func (s *notedStore) note(call string) {
	s.mu.Lock()
	s.calls = append(s.calls, call)
	n := 0
	for _, each := range s.calls {
		if each == call {
			n++
		}
	}
	s.mu.Unlock()
	if s.during != nil {
		s.during(call, n)
	}
}

func (s *notedStore) Commit(b *chat.Batch) error {
	s.note("commit")
	return s.heldStore.Commit(b)
}

func (s *notedStore) Sweep(before chat.Time, limit int) (int, int64, error) {
	s.note("sweep")
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(limit, s.expired)
	s.before, s.expired = before, s.expired-n
	return n, 0, nil
}

// noted returns the calls so far, once the committer waits.
func (s *notedStore) noted() []string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// openSweeper runs a hub on a store that does not block. The first sweep is after an hour, the next ones after every.
func openSweeper(t *testing.T, s *notedStore, every time.Duration) *Hub {
	t.Helper()
	s.heldStore = newHeldStore()
	s.setFree()
	h, err := New(Config{
		Store: s, Lobby: testLobby(), Clock: newClock(t), SessionTTL: every * sweepsPerTTL, SweepAfter: time.Hour,
		Log:   slog.New(slog.DiscardHandler),
		Fatal: func(err error) { t.Errorf("fatal: %v", err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestSweepWaitsForAnHour: a server whose wall clock is far ahead deletes nothing before it has run for an hour, however
// short the TTL of a session is; after that it deletes expired rows.
func TestSweepWaitsForAnHour(t *testing.T) {
	for _, every := range []time.Duration{time.Second, time.Minute, time.Hour, 3 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			s := &notedStore{expired: 1}
			h := openSweeper(t, s, every)
			first := max(every, time.Hour)
			time.Sleep(first - time.Millisecond)
			if calls := s.noted(); len(calls) != 0 {
				t.Errorf("every %v: %d sweeps within the first hour", every, len(calls))
			}
			time.Sleep(time.Millisecond)
			calls := s.noted()
			s.mu.Lock()
			before, expired := s.before, s.expired
			s.mu.Unlock()
			if want := h.cfg.Clock.Moment(0).Wall.Add(-every * sweepsPerTTL); len(calls) != 1 || before != want || expired != 0 {
				t.Errorf("every %v: %d sweeps after an hour, of rows older than %d, want %d", every, len(calls), before, want)
			}
			time.Sleep(every)
			if calls := s.noted(); len(calls) != 2 {
				t.Errorf("every %v: %d sweeps, want another after that interval", every, len(calls))
			}
			stopHub(t, h)
		})
	}
}

// TestCommitBeforeSweep: changes that clients wait for are committed before a sweep that is due at the same time, and
// between two transactions of a sweep.
func TestCommitBeforeSweep(t *testing.T) {
	for round := range 20 { // a select with both ready can take either
		synctest.Test(t, func(t *testing.T) {
			s := &notedStore{expired: 3*sweepRows + 1}
			h := openSweeper(t, s, time.Hour)
			s.during = func(call string, n int) {
				switch {
				case call == "commit" && n == 1: // meanwhile the sweep is due, and a second session arrives
					time.Sleep(time.Minute)
					join(t, h, 2)
				case call == "sweep" && n == 2: // and during its second pass a third
					join(t, h, 3)
				}
			}
			time.Sleep(time.Hour - time.Second)
			join(t, h, 1)
			time.Sleep(5 * time.Minute)
			calls := s.noted()
			want := []string{"commit", "commit", "sweep", "sweep", "commit", "sweep", "sweep"}
			if !slices.Equal(calls, want) {
				t.Errorf("round %d: %q, want %q", round, calls, want)
			}
			stopHub(t, h)
		})
	}
}

// join attaches a new session that searches, so its row must be committed.
func join(t *testing.T, h *Hub, id chat.ConnID) {
	auth := chat.Auth{Resumable: true, Fresh: secret.HashOf(fmt.Sprint("session ", id))}
	if err := h.Attach(context.Background(), id, &ear{}, auth, 0); err != nil {
		t.Error(err)
	}
	search(h, id)
}

// costlyStore takes time, as a disk does: a fixed time for each transaction and for each row.
type costlyStore struct {
	*notedStore
	sync, row time.Duration
	failures  int // sweeps that will still fail; guarded by mu
	longest   time.Duration
}

func (s *costlyStore) Commit(b *chat.Batch) error {
	<-time.After(s.sync + time.Duration(len(b.Changes))*s.row)
	return s.heldStore.Commit(b)
}

func (s *costlyStore) Sweep(before chat.Time, limit int) (int, int64, error) {
	s.mu.Lock()
	fails := s.failures > 0
	if fails {
		s.failures--
	}
	s.mu.Unlock()
	n, bytes, err := s.notedStore.Sweep(before, limit)
	if fails {
		s.expire(n)
		return 0, 0, passing{errors.New("disk full")}
	}
	if n == 0 {
		return n, bytes, err
	}
	took := s.sync + time.Duration(n)*s.row
	<-time.After(took)
	s.mu.Lock()
	s.longest = max(s.longest, took)
	s.mu.Unlock()
	return n, bytes, err
}

// expire makes n more rows expired.
func (s *costlyStore) expire(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expired += n
}

func (s *costlyStore) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.expired
}

// openCostly is openSweeper on s.
func openCostly(t *testing.T, s *costlyStore, every time.Duration) *Hub {
	t.Helper()
	s.notedStore = &notedStore{heldStore: newHeldStore()}
	s.setFree()
	h, err := New(Config{
		Store: s, Lobby: testLobby(), Clock: newClock(t), SessionTTL: every * sweepsPerTTL, SweepAfter: time.Hour,
		Log:   slog.New(slog.DiscardHandler),
		Fatal: func(err error) { t.Errorf("fatal: %v", err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestSweepCatchesUp: the backlog of an hour of 40 new sessions a second is deleted within minutes, while sessions arrive at
// the same rate, on a fast disk and a slow one. No commit waits longer than one small transaction of the sweep and the commits.
func TestSweepCatchesUp(t *testing.T) {
	const (
		backlog = 144_000 // forty a second for an hour
		second  = 40
	)
	for name, disk := range map[string]struct {
		sync, row, within time.Duration
	}{
		"fast disk":      {500 * time.Microsecond, 30 * time.Microsecond, time.Minute},
		"slow disk":      {10 * time.Millisecond, 100 * time.Microsecond, 5 * time.Minute},
		"very slow disk": {50 * time.Millisecond, 200 * time.Microsecond, 32 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &costlyStore{sync: disk.sync, row: disk.row}
				h := openCostly(t, s, time.Hour)
				s.expire(backlog)
				time.Sleep(time.Hour - time.Millisecond)
				began, id, waited := time.Now(), chat.ConnID(0), time.Duration(0)
				for s.left() >= second && time.Since(began) < 2*disk.within {
					time.Sleep(time.Second / second)
					s.expire(1)
					id++
					now := time.Now()
					join(t, h, id)
					h.mu.Lock()
					err := h.awaitCommit(t.Context())
					h.mu.Unlock()
					if err != nil {
						t.Fatal(err)
					}
					waited = max(waited, time.Since(now))
				}
				took := time.Since(began)
				stopHub(t, h)
				if s.left() >= second || took > disk.within {
					t.Errorf("%d rows left after %v, want none after %v", s.left(), took, disk.within)
				}
				batch := max(2*sweepTarget, disk.sync+fewSweepRows*disk.row)
				if most := batch + 2*disk.sync + 10*disk.row; waited > most {
					t.Errorf("a commit waited %v, want at most %v", waited, most)
				}
				t.Logf("%d rows in %v, %.0f per second; a commit waited at most %v, the longest sweep took %v",
					backlog+int(id), took, float64(backlog+int(id))/took.Seconds(), waited, s.longest)
			})
		})
	}
}

// TestSweepBacksOff: a sweep that fails because the disk is full or locked is retried soon, then less and less often, and
// continues once it succeeds.
func TestSweepBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &costlyStore{failures: 5}
		h := openCostly(t, s, time.Hour)
		s.expire(1000)
		time.Sleep(time.Hour)
		for i, pause := range []time.Duration{1, 2, 4, 8, 16} {
			if calls := s.noted(); len(calls) != i+1 {
				t.Errorf("%d sweeps before pause %d", len(calls), i+1)
			}
			time.Sleep(pause*time.Second - time.Millisecond)
			if calls := s.noted(); len(calls) != i+1 {
				t.Errorf("%d sweeps during pause %d", len(calls), i+1)
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		if synctest.Wait(); s.left() != 0 {
			t.Errorf("%d rows left after it succeeded", s.left())
		}
		stopHub(t, h)
	})
}
