package hub

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/chat"
)

// notedStore notes what is asked of it, in order.
type notedStore struct {
	*heldStore
	during func(call string, n int) // called as the nth of these calls begins; nil: nothing is

	mu      sync.Mutex // guards what follows
	calls   []string   // "commit" and "sweep"
	before  chat.Time  // of the last sweep
	expired int        // rows that may be swept
}

// note notes a call and lets happen what is to happen during it.
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

// openSweeper runs a hub on a store that is free, whose first sweep is after an hour and whose next are after this.
func openSweeper(t *testing.T, s *notedStore, every time.Duration) *Hub {
	t.Helper()
	s.heldStore = newHeldStore()
	s.setFree()
	h, err := New(Config{
		Store: s, Lobby: testLobby(), Clock: newClock(t), SessionTTL: every * sweepsPerTTL, SweepAfter: time.Hour,
		QueuedChanges: 100, QueuedBytes: 1 << 20, Log: slog.New(slog.DiscardHandler),
		Fatal: func(err error) { t.Errorf("fatal: %v", err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestSweepWaitsForAnHour: a server whose wall clock is far ahead deletes nothing before it has served for an hour, however
// short the time of a session is; and then what has expired.
func TestSweepWaitsForAnHour(t *testing.T) {
	for _, every := range []time.Duration{time.Second, time.Minute, time.Hour, 3 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			s := &notedStore{expired: 1}
			h := openSweeper(t, s, every)
			first := max(every, time.Hour)
			time.Sleep(first - time.Millisecond)
			if calls := s.noted(); len(calls) != 0 {
				t.Errorf("every %v: %d sweeps before an hour is over", every, len(calls))
			}
			time.Sleep(time.Millisecond)
			calls := s.noted()
			s.mu.Lock()
			before, expired := s.before, s.expired
			s.mu.Unlock()
			if want := h.cfg.Clock.Moment(0).Wall.Add(-every * sweepsPerTTL); len(calls) != 1 || before != want || expired != 0 {
				t.Errorf("every %v: %d sweeps after an hour, of what is older than %d, want %d", every, len(calls), before, want)
			}
			time.Sleep(every)
			if calls := s.noted(); len(calls) != 2 {
				t.Errorf("every %v: %d sweeps, want another one after that time", every, len(calls))
			}
			stopHub(t, h)
		})
	}
}

// TestCommitBeforeSweep: what clients wait for is committed before a sweep that is due at the same time, and between two
// passes of it.
func TestCommitBeforeSweep(t *testing.T) {
	for round := range 20 { // a select that has both could take either
		synctest.Test(t, func(t *testing.T) {
			s := &notedStore{expired: 3*sweepRows + 1}
			h := openSweeper(t, s, time.Hour)
			s.during = func(call string, n int) {
				switch {
				case call == "commit" && n == 1: // meanwhile the sweep is due, and a second session comes
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

// join attaches a new session, which is to be committed.
func join(t *testing.T, h *Hub, id chat.ConnID) {
	auth := chat.Auth{Resumable: true, Fresh: HashOf(fmt.Sprint("session ", id)), MailKey: h.MailKey("")}
	if err := h.Attach(context.Background(), id, &ear{}, auth); err != nil {
		t.Error(err)
	}
}
