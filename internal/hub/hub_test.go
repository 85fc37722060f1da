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
	"testing/synctest"
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
		QueueWindow: 30 * time.Second, SleepMax: 10 * time.Minute, RematchAfter: 10 * time.Second, SettleTimeout: 2 * time.Second,
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

// attach binds a new ear; resumable clients are told nothing before their row is durable.
func attach(t *testing.T, h *Hub, id chat.ConnID, resumable bool) *ear {
	t.Helper()
	e := &ear{}
	auth := chat.Auth{Resumable: resumable, Fresh: hashOf(id)}
	if resumable {
		auth.MailKey = chat.MailKey{1}
	}
	if err := h.Attach(t.Context(), id, e, auth, 0); err != nil {
		t.Fatal(err)
	}
	return e
}

func hashOf(id chat.ConnID) chat.Hash { return secret.HashOf(fmt.Sprint("session ", id)) }

// search waits for room if necessary, as a Conn does.
func search(h *Hub, id chat.ConnID) {
	for {
		if _, done := do(h, chat.Command{Op: chat.Search, Conn: id}); done {
			return
		}
		h.AwaitRoom(context.Background())
	}
}

func want(t *testing.T, who string, e *ear, kinds ...chat.Kind) {
	t.Helper()
	if got := e.kinds(); !slices.Equal(got, kinds) {
		t.Errorf("%s heard %v, want %v", who, got, kinds)
	}
}

// L4: nothing is delivered before the change it reports is committed; events that depend on no change leave at once.
func TestL4GateHoldsWhatIsNotCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 10_000, nil)
		a, b := attach(t, h, 1, false), attach(t, h, 2, false)
		want(t, "a", a, chat.AuthSuccess) // no row before the first search
		want(t, "b", b, chat.AuthSuccess)

		search(h, 1)
		synctest.Wait()
		want(t, "a", a) // searching waits for the disk
		s.passOn()
		synctest.Wait()
		want(t, "a", a, chat.Searching)

		search(h, 2)
		synctest.Wait()
		want(t, "a", a)
		want(t, "b", b)
		s.passOn()
		synctest.Wait()
		want(t, "a", a, chat.TypingStop, chat.Matched) // the clients keep the indicator of a previous connection
		want(t, "b", b, chat.Searching, chat.TypingStop, chat.Matched)

		// A settled pair continues while another session's commit is under way.
		c := attach(t, h, 3, true)
		synctest.Wait()
		want(t, "c", c)
		do(h, chat.Command{Op: chat.Send, Conn: 1, Text: "hello"})
		do(h, chat.Command{Op: chat.Typing, Conn: 1, Start: true})
		want(t, "b", b, chat.Message, chat.TypingStart)
		s.passOn()
		synctest.Wait()
		want(t, "c", c, chat.AuthSuccess, chat.SessionID)

		// partner_disconnected promises a place in the queue, so it waits for that too.
		do(h, chat.Command{Op: chat.Detach, Conn: 1})
		synctest.Wait()
		want(t, "b", b)
		s.passOn()
		synctest.Wait()
		want(t, "b", b, chat.TypingStop, chat.PartnerDisconnected)
		s.setFree()
		stopHub(t, h)
	})
}

// L6: events after a held event to the same Conn are held too.
func TestL6HeldEventHoldsWhatFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 10_000, nil)
		a, b := attach(t, h, 1, false), attach(t, h, 2, false)
		a.kinds()
		b.kinds()
		search(h, 1)
		search(h, 2)
		do(h, chat.Command{Op: chat.Send, Conn: 1, Text: "early"}) // before either session was told about the match
		synctest.Wait()
		want(t, "b", b)
		first := s.passOn() // the first search alone or both, depending on when the committer looked
		synctest.Wait()
		if len(first) == 1 {
			want(t, "b", b)
			s.passOn()
			synctest.Wait()
		}
		want(t, "b", b, chat.Searching, chat.TypingStop, chat.Matched, chat.Message)
		s.setFree()
		stopHub(t, h)
	})
}

// Commits are pipelined: changes during one commit are the next batch, as net rows.
func TestCommitsAreGrouped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 10_000, nil)
		attach(t, h, 1, true)
		<-s.enter // the first batch is under way
		for id := chat.ConnID(2); id <= 21; id++ {
			attach(t, h, id, true)
			search(h, id)
		}
		s.verdict <- nil
		batch := s.passOn()
		if len(batch) != 20 {
			t.Errorf("the second batch has %d rows, want 20", len(batch))
		}
		for _, c := range batch {
			if c.Place != 0 || c.Pair == 0 {
				t.Errorf("row %+v: queued and matched within one batch, want it written once, as matched", c.Record)
			}
		}
		s.setFree()
		stopHub(t, h)
	})
}

type passing struct{ error }

func (passing) Transient() bool { return true }

// A commit with a known failure is retried with the same rows; relaying continues; nothing is sent early.
func TestTransientFailureIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 10_000, nil)
		a, b := attach(t, h, 1, false), attach(t, h, 2, false)
		search(h, 1)
		search(h, 2)
		s.passOn()
		synctest.Wait()
		select {
		case <-s.enter:
			s.verdict <- nil
		default:
		}
		synctest.Wait()
		a.kinds()
		b.kinds()

		c := attach(t, h, 3, true)
		first := <-s.enter
		s.verdict <- passing{errors.New("disk full")}
		for range 20 {
			again := <-s.enter
			if !slices.Equal(first, again) {
				t.Fatalf("retried with %v, want %v", again, first)
			}
			do(h, chat.Command{Op: chat.Send, Conn: 1, Text: "on"})
			s.verdict <- passing{errors.New("disk full")}
		}
		synctest.Wait()
		if err := h.Failure(); err == nil || err.Error() != "disk full" {
			t.Errorf("Failure() = %v while the disk is full", err)
		}
		want(t, "c", c)
		if n := len(b.kinds()); n != 20 {
			t.Errorf("b heard %d messages while the disk was full, want 20", n)
		}
		s.passOn()
		synctest.Wait()
		want(t, "c", c, chat.AuthSuccess, chat.SessionID)
		if err := h.Failure(); err != nil {
			t.Errorf("Failure() = %v after a commit", err)
		}
		s.setFree()
		stopHub(t, h)
	})
}

// An unknown outcome ends the process, and nothing more is released.
func TestUnknownOutcomeIsFatal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		var got error
		h := openHub(t, s, 10_000, func(err error) { got = err })
		c := attach(t, h, 1, true)
		eio := errors.New("i/o error at commit")
		<-s.enter
		s.verdict <- eio
		synctest.Wait()
		if !errors.Is(got, eio) {
			t.Errorf("fatal got %v, want %v", got, eio)
		}
		search(h, 1)
		synctest.Wait()
		want(t, "c", c)
		stopHub(t, h)
	})
}

// Above the limit a resumable session is sent error unavailable; a legacy client's frame waits unread.
func TestBoundOnQueuedChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 2, nil)
		a := attach(t, h, 1, true)
		s.passOn()
		synctest.Wait()
		old := attach(t, h, 2, false)
		want(t, "a", a, chat.AuthSuccess, chat.SessionID)
		want(t, "old", old, chat.AuthSuccess)
		attach(t, h, 3, true)
		attach(t, h, 4, true)
		synctest.Wait() // two rows wait: the limit
		search(h, 1)
		want(t, "a", a, chat.Error)
		done := make(chan struct{})
		go func() { search(h, 2); close(done) }()
		synctest.Wait()
		select {
		case <-done:
			t.Fatal("the legacy client's search did not wait")
		default:
		}
		s.setFree()
		<-s.enter
		s.verdict <- nil
		<-done
		synctest.Wait()
		want(t, "old", old, chat.Searching)
		stopHub(t, h)
	})
}

// A row that is read while its session leaves memory is out of date; the hub reads it again.
func TestResumeReadsBehindPendingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 10_000, nil)
		attach(t, h, 1, true)
		s.passOn()
		synctest.Wait()
		do(h, chat.Command{Op: chat.Detach, Conn: 1, Leaves: true}) // ended permanently; the row does not record it yet
		e := &ear{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			auth := chat.Auth{Resumable: true, Fresh: hashOf(2), Resume: &chat.Resume{Hash: hashOf(1)}}
			if err := h.Attach(t.Context(), 2, e, auth, 0); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		s.passOn()
		s.setFree()
		select {
		case <-done:
		case <-s.enter:
			s.verdict <- nil
			<-done
		}
		synctest.Wait()
		select {
		case <-s.enter:
			s.verdict <- nil
			synctest.Wait()
		default:
		}
		stopHub(t, h)
		e.mu.Lock()
		defer e.mu.Unlock()
		if len(e.heard) < 3 || e.heard[1].Kind != chat.ResumeFailed || e.heard[1].Code != chat.ResumeEnded {
			t.Errorf("heard %+v, want resume_failed ended", e.heard)
		}
	})
}

// Time passes on its own: windows and hibernation need no command.
func TestDeadlinesFire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		s.setFree()
		h := openHub(t, s, 10_000, nil)
		a := attach(t, h, 1, true)
		synctest.Wait()
		a.kinds()
		time.Sleep(10*time.Minute + time.Second)
		synctest.Wait()
		want(t, "a", a, chat.Close)
		if h.Attached() != 0 {
			t.Error("an idle session is still attached")
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		s.mu.Lock()
		if len(s.swept) == 0 {
			t.Error("no sweep for expired rows")
		}
		s.mu.Unlock()
		stopHub(t, h)
	})
}

func TestStopTellsEverybodyAndCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 10_000, nil)
		a := attach(t, h, 1, true)
		done := make(chan struct{})
		go func() { stopHub(t, h); close(done) }()
		synctest.Wait()
		s.passOn()
		<-done
		want(t, "a", a, chat.AuthSuccess, chat.SessionID, chat.Close)
		search(h, 1)
		want(t, "a", a)
	})
}
