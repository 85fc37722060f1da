package hub

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/chat"
)

// resume attaches conn to the session that first joined.
func resume(t *testing.T, h *Hub, id, first chat.ConnID) *ear {
	t.Helper()
	e := &ear{}
	auth := chat.Auth{Resumable: true, Fresh: hashOf(id), Resume: &chat.Resume{Hash: hashOf(first)}}
	if err := h.Attach(t.Context(), id, e, auth, 0); err != nil {
		t.Error(err)
	}
	return e
}

// hibernated leaves a session that searched, and lost its place and its socket, on disk only.
func hibernated(t *testing.T, h *Hub, s *heldStore, id chat.ConnID) {
	t.Helper()
	attach(t, h, id, true)
	search(h, id)
	do(h, chat.Command{Op: chat.Detach, Conn: id})
	s.drain()
	<-time.After(testLimits().QueueWindow)
	s.drain()
	if inMemory, _ := h.cfg.Lobby.Locate(hashOf(id)); inMemory {
		t.Fatalf("session %d is in memory", id)
	}
}

// A hibernated session is looked up while other sessions' changes wait for their commit, however many there are.
func TestResumeWaitsForItsOwnChangesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 10_000, nil)
		hibernated(t, h, s, 1)
		attach(t, h, 2, true)
		search(h, 2) // its commit is held from here on
		synctest.Wait()
		s.onFind = func() { go do(h, chat.Command{Op: chat.Detach, Conn: 2}) } // and it leaves memory meanwhile
		e := resume(t, h, 3, 1)
		synctest.Wait()
		s.mu.Lock()
		finds := s.finds
		s.mu.Unlock()
		if finds != 1 {
			t.Errorf("%d lookups, want 1", finds)
		}
		if k := e.kinds(); len(k) != 0 {
			t.Errorf("heard %v before its own change was committed", k)
		}
		s.passOn()
		s.passOn()
		synctest.Wait()
		if k := e.kinds(); !slices.Contains(k, chat.Resumed) {
			t.Errorf("heard %v, want resumed", k)
		}
		s.setFree()
		stopHub(t, h)
	})
}

// Two sockets resume one hibernated session at once: the second lookup waits for the first, and does not read a row that is
// out of date by then.
func TestLookupsOfOneSessionTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 10_000, nil)
		hibernated(t, h, s, 1)
		reading, read := make(chan struct{}), make(chan struct{})
		s.setFree()
		h.cfg.Store = &slowFind{s, reading, read}
		var both sync.WaitGroup
		ears := make([]*ear, 2)
		for i := range ears {
			both.Go(func() { ears[i] = resume(t, h, chat.ConnID(3+i), 1) })
		}
		<-reading
		synctest.Wait()
		select {
		case <-reading:
			t.Error("the row was read twice at once")
		default:
		}
		close(read)
		both.Wait()
		synctest.Wait()
		resumed := 0
		for _, e := range ears {
			if slices.Contains(e.kinds(), chat.Resumed) {
				resumed++
			}
		}
		if resumed != 2 || h.Attached() != 1 {
			t.Errorf("%d were resumed and %d are attached, want 2 and the later one", resumed, h.Attached())
		}
		stopHub(t, h)
	})
}

// slowFind is a store whose lookups wait.
type slowFind struct {
	*heldStore
	reading chan struct{} // unbuffered; sent to when a lookup begins; never closed
	read    chan struct{} // closed: lookups continue
}

func (s *slowFind) Find(ctx context.Context, h chat.Hash) (chat.Found, bool, error) {
	select {
	case s.reading <- struct{}{}:
	case <-s.read:
	}
	<-s.read
	return s.heldStore.Find(ctx, h)
}
