package hub

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/chat"
)

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

		// A new session waits for no commit, and a settled pair continues while another session's is under way.
		c := attach(t, h, 3, true)
		want(t, "c", c, chat.AuthSuccess, chat.SessionID)
		search(h, 3)
		synctest.Wait()
		want(t, "c", c)
		do(h, chat.Command{Op: chat.Send, Conn: 1, Text: "hello"})
		do(h, chat.Command{Op: chat.Typing, Conn: 1, Start: true})
		want(t, "b", b, chat.Message, chat.TypingStart)
		s.passOn()
		synctest.Wait()
		want(t, "c", c, chat.Searching)
		do(h, chat.Command{Op: chat.Detach, Conn: 3, Leaves: true})
		s.passOn()

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
		search(h, 1)
		<-s.enter // the first batch is under way
		for id := chat.ConnID(2); id <= 20; id++ {
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
				t.Errorf("row %+v: queued and matched within one batch, want it written once more, as matched", c.Record)
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
		search(h, 3)
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
		want(t, "c", c, chat.AuthSuccess, chat.SessionID)
		if n := len(b.kinds()); n != 20 {
			t.Errorf("b heard %d messages while the disk was full, want 20", n)
		}
		s.passOn()
		synctest.Wait()
		want(t, "c", c, chat.Searching)
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
		search(h, 1)
		want(t, "c", c, chat.AuthSuccess, chat.SessionID)
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
		old := attach(t, h, 2, false)
		want(t, "a", a, chat.AuthSuccess, chat.SessionID)
		want(t, "old", old, chat.AuthSuccess)
		for id := chat.ConnID(3); id <= 4; id++ {
			attach(t, h, id, true)
			search(h, id)
		}
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
		search(h, 1)
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

func TestStopReachesEveryConnAndCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 10_000, nil)
		a := attach(t, h, 1, true)
		search(h, 1)
		done := make(chan struct{})
		go func() { stopHub(t, h); close(done) }()
		synctest.Wait()
		s.passOn()
		<-done
		want(t, "a", a, chat.AuthSuccess, chat.SessionID, chat.Searching, chat.Close)
		search(h, 1)
		want(t, "a", a)
	})
}
