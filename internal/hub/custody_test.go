package hub

import (
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/chat"
)

// couple attaches two resumable sessions, 1 and 2, that are in a chat; everything is committed.
func couple(t *testing.T, h *Hub, s *heldStore) (a, b *ear) {
	t.Helper()
	a, b = attach(t, h, 1, true), attach(t, h, 2, true)
	search(h, 1)
	search(h, 2)
	s.drain()
	a.kinds()
	b.kinds()
	return a, b
}

// drain lets commits succeed until there is nothing to commit.
func (s *heldStore) drain() {
	for {
		synctest.Wait()
		select {
		case <-s.enter:
			s.verdict <- nil
		default:
			return
		}
	}
}

func say(h *Hub, id chat.ConnID, n uint64) {
	do(h, chat.Command{Op: chat.Send, Conn: id, N: n, Text: "hello"})
}

// L4: custody of a message passes with the commit of its mailbox entry, and not before.
func TestL4CustodyPassesWithTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 10_000, nil)
		a, _ := couple(t, h, s)
		say(h, 1, 1)
		synctest.Wait()
		want(t, "a, of a message that is not confirmed", a)
		do(h, chat.Command{Op: chat.Detach, Conn: 2})
		<-s.enter // the messages in flight are in this batch
		say(h, 1, 2)
		synctest.Wait()
		want(t, "a, before the commit", a)
		s.verdict <- nil
		<-s.enter
		synctest.Wait()
		a.mu.Lock()
		last := a.heard[len(a.heard)-1]
		a.mu.Unlock()
		if last.Kind != chat.Acked || last.Recv != 1 {
			t.Errorf("after the first commit: got %+v, want custody of 1", last)
		}
		want(t, "a", a, chat.Acked)
		s.verdict <- nil
		synctest.Wait()
		want(t, "a, after the second", a, chat.Acked)
		s.setFree()
		time.Sleep(testLimits().AwayAfter)
		synctest.Wait()
		want(t, "a, after a second", a, chat.PartnerAway)
		stopHub(t, h)
	})
}

// A replay leaves when the entries it reads are on disk, and later messages stay behind it.
func TestReplayWaitsForItsEntries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 10_000, nil)
		_, b := couple(t, h, s)
		do(h, chat.Command{Op: chat.Detach, Conn: 2})
		s.drain()
		say(h, 1, 1)
		<-s.enter
		auth := chat.Auth{Resumable: true, Resume: &chat.Resume{Hash: hashOf(2)}}
		if err := h.Attach(t.Context(), 3, b, auth, 0); err != nil {
			t.Fatal(err)
		}
		say(h, 1, 2)
		synctest.Wait()
		want(t, "b, before the entry is committed", b)
		s.verdict <- nil
		s.drain()
		want(t, "b", b, chat.AuthSuccess, chat.Resumed, chat.Replay, chat.Message)
		s.setFree()
		stopHub(t, h)
	})
}

// Above the limit on uncommitted changes no message is taken into custody: a resumable sender is told,
// and keeps its copy.
func TestBoundOnQueuedEntries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 10_000, nil)
		limits := testLimits()
		limits.UncommittedBytes = 1
		h.SetLimits(limits)
		a, _ := couple(t, h, s)
		do(h, chat.Command{Op: chat.Detach, Conn: 2})
		s.drain()
		a.kinds()
		say(h, 1, 1)
		say(h, 1, 2)
		synctest.Wait()
		want(t, "a", a, chat.Error)
		s.drain()
		want(t, "a", a, chat.Acked)
		say(h, 1, 2)
		s.drain()
		want(t, "a", a, chat.Acked)
		s.setFree()
		stopHub(t, h)
	})
}
