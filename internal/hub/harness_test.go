package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/secret"
)

// heldStore is an in-memory Store whose commits wait until the test releases them.
type heldStore struct {
	enter   chan []chat.Change // unbuffered; sent to by Commit as it begins; never closed
	verdict chan error         // unbuffered; what Commit returns; never closed

	mu     sync.Mutex
	rows   map[chat.ID]chat.Record
	free   bool // Commit does not wait
	finds  int
	onFind func()
	swept  []chat.Time
}

func newHeldStore() *heldStore {
	return &heldStore{enter: make(chan []chat.Change), verdict: make(chan error), rows: map[chat.ID]chat.Record{}}
}

func (s *heldStore) Commit(b *chat.Batch) error {
	s.mu.Lock()
	free := s.free
	s.mu.Unlock()
	if !free {
		s.enter <- slices.Clone(b.Changes)
		if err := <-s.verdict; err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range b.Changes {
		if c.Deleted {
			delete(s.rows, c.ID)
		} else {
			s.rows[c.ID] = c.Record
		}
	}
	return nil
}

func (s *heldStore) Find(_ context.Context, h chat.Hash) (chat.Found, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finds++
	if s.onFind != nil {
		s.onFind()
	}
	for _, r := range s.rows {
		if r.Hash == h {
			return chat.Found{Record: r}, true, nil
		}
	}
	return chat.Found{}, false, nil
}

func (s *heldStore) Sweep(before chat.Time, limit int) (int, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.swept = append(s.swept, before)
	return 0, 0, nil
}

func (s *heldStore) Mail(context.Context, string, chat.MailRange, func(*chat.MailEntry) error) error {
	return errors.New("no mail here")
}

// passOn lets the waiting commit, or the next one, succeed.
func (s *heldStore) passOn() []chat.Change {
	batch := <-s.enter
	s.verdict <- nil
	return batch
}

func (s *heldStore) setFree() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = true
}

// ear is a Conn that records what may leave, in order.
type ear struct {
	mu       sync.Mutex
	waiting  []chat.Event
	released uint64
	heard    []chat.Event
	full     bool
}

func (e *ear) Deliver(ev Event) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting = append(e.waiting, ev.Event)
	e.flush()
	return e.full
}

// OnChange implements Conn.
func (e *ear) OnChange(func()) func() { return func() {} }

// Flush implements Conn.
func (e *ear) Flush() {}

// Sight implements Conn: the socket was always just heard, and is quiet.
func (e *ear) Sight() chat.Sight { return chat.Sight{Heard: math.MaxInt64 / 2, Pinged: math.MaxUint64} }

// HasRoom implements Conn.
func (e *ear) HasRoom(int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.full
}

func (e *ear) Release(batch uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.released = max(e.released, batch)
	e.flush()
}

func (e *ear) flush() {
	for len(e.waiting) > 0 && e.waiting[0].After <= e.released {
		e.heard = append(e.heard, e.waiting[0])
		e.waiting = e.waiting[1:]
	}
}

func (e *ear) fill(full bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.full = full
}

// kinds returns the kinds of events since the last call, except pings.
func (e *ear) kinds() []chat.Kind {
	e.mu.Lock()
	defer e.mu.Unlock()
	var k []chat.Kind
	for _, ev := range e.heard {
		if ev.Kind != chat.Ping && ev.Kind != chat.Probe {
			k = append(k, ev.Kind)
		}
	}
	e.heard = nil
	return k
}

func testLobby() *chat.Lobby { return boundLobby(0) }

// boundLobby accepts the given number of uncommitted rows; 0: any.
func boundLobby(rows int) *chat.Lobby {
	n := 0
	cfg := testConfig(func() chat.Alias { n++; return chat.Alias(fmt.Sprintf("alias-%d", n)) })
	cfg.UncommittedRows = rows
	return chat.New(cfg)
}

// do does c, which arrived at an unknown time.
func do(h *Hub, c chat.Command) (Conn, bool) { return h.Do(&Command{Command: c}) }

// testConfig has the protocol's durations and limits.
func testConfig(newAlias func() chat.Alias) chat.Config {
	return chat.Config{
		NewAlias: newAlias,
		Epoch:    "e", Boot: 1,
		SessionTTL: 24 * time.Hour, Limits: testLimits(),
	}
}

func testLimits() chat.Limits {
	return chat.Limits{
		IdleAfter: 10 * time.Minute, ChatWindow: 2 * time.Minute, ChatWindowLegacy: 30 * time.Second,
		AwayAfter: time.Second, QueueWindow: 30 * time.Second, SleepMax: 10 * time.Minute, RematchAfter: 10 * time.Second, SettleTimeout: 2 * time.Second,
		RingMessages: 200, RingBytes: 32 << 20, RingTotal: 256 << 20, MailboxMessages: 200, MailboxBytes: 32 << 20, MailTotal: 1 << 30,
	}
}

func openHub(t *testing.T, s Store, bound int, fatal func(error)) *Hub {
	t.Helper()
	if fatal == nil {
		fatal = func(err error) { t.Errorf("fatal: %v", err) }
	}
	h, err := New(Config{
		Store: s, Lobby: boundLobby(bound), Clock: newClock(t), SessionTTL: 24 * time.Hour,
		Log: slog.New(slog.DiscardHandler), Fatal: fatal,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// newClock returns a clock that ticks until the test ends.
func newClock(tb testing.TB) *Clock {
	c := NewClock()
	tb.Cleanup(c.Stop)
	return c
}

func stopHub(t *testing.T, h *Hub) {
	t.Helper()
	if err := h.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// attach binds a new ear.
func attach(t *testing.T, h *Hub, id chat.ConnID, resumable bool) *ear {
	t.Helper()
	e := &ear{}
	auth := chat.Auth{Resumable: resumable, Fresh: hashOf(id)}
	if err := h.Attach(t.Context(), id, e, auth, 0); err != nil {
		t.Fatal(err)
	}
	return e
}

func hashOf(id chat.ConnID) chat.Hash { return secret.HashOf(fmt.Sprint("session ", id)) }

// search waits for room if necessary, as a Conn does.
func search(h *Hub, id chat.ConnID) {
	c := &Command{Command: chat.Command{Op: chat.Search, Conn: id, MailKey: &chat.MailKey{1}}}
	for {
		if _, done := h.Do(c); done {
			return
		}
		h.AwaitRoom(context.Background(), c)
	}
}

func want(t *testing.T, who string, e *ear, kinds ...chat.Kind) {
	t.Helper()
	if got := e.kinds(); !slices.Equal(got, kinds) {
		t.Errorf("%s heard %v, want %v", who, got, kinds)
	}
}
