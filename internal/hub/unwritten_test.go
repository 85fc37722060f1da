package hub

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/chat"
	"chatme/internal/store"
)

// Sessions that authenticate and never search cannot fill the disk: thousands of them, with whatever else they may send,
// leave no row, during their sockets' lives and after.
func TestSessionsThatNeverSearchLeaveNoRows(t *testing.T) {
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "chatme.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Begin(t.Context(), store.Boot{At: 1_800_000_000_000}); err != nil {
		t.Fatal(err)
	}
	h, err := New(Config{
		Store: db, Lobby: testLobby(), Clock: newClock(t), SessionTTL: 24 * time.Hour,
		Log: slog.New(slog.DiscardHandler), Fatal: func(err error) { t.Errorf("fatal: %v", err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	const sessions = 3000
	for id := chat.ConnID(1); id <= sessions; id++ {
		e := attach(t, h, id, true)
		want(t, fmt.Sprint("session ", id), e, chat.AuthSuccess, chat.SessionID)
		for _, c := range []chat.Command{
			{Op: chat.Send, Text: "hello", N: 1}, {Op: chat.Typing, Start: true}, {Op: chat.Ack, Got: 1}, {Op: chat.Sleep, For: time.Minute},
		} {
			c.Conn = id
			do(h, c)
		}
	}
	rows := func() (n int) {
		t.Helper()
		h.mu.Lock()
		err := h.awaitCommit(t.Context())
		h.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		for id := chat.ConnID(1); id <= sessions; id++ {
			if _, ok, err := db.Find(t.Context(), hashOf(id)); err != nil {
				t.Fatal(err)
			} else if ok {
				n++
			}
		}
		return n
	}
	if n := rows(); n != 0 {
		t.Errorf("%d rows while they are connected, want none", n)
	}
	for id := chat.ConnID(1); id <= sessions; id++ {
		do(h, chat.Command{Op: chat.Detach, Conn: id, Leaves: id%2 == 0})
	}
	if n := rows(); n != 0 {
		t.Errorf("%d rows after they have gone, want none", n)
	}
	attach(t, h, 1, true)
	search(h, 1)
	if n := rows(); n != 1 {
		t.Errorf("%d rows, want that of the one session that searched", n)
	}
	stopHub(t, h)
}

// A client gets its session while the disk refuses commits, however many changes wait: only its first search waits.
func TestSessionIDWhileTheDiskRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 1, nil)
		attach(t, h, 1, true)
		search(h, 1)
		<-s.enter // the limit on uncommitted rows is reached
		for range 5 {
			s.verdict <- passing{errors.New("disk full")}
			<-s.enter
		}
		for id := chat.ConnID(2); id <= 20; id++ {
			e := attach(t, h, id, true)
			want(t, "a new session", e, chat.AuthSuccess, chat.SessionID)
		}
		e := attach(t, h, 21, true)
		e.kinds()
		search(h, 21)
		want(t, "a search", e, chat.Error)
		s.verdict <- nil
		synctest.Wait()
		search(h, 21)
		synctest.Wait()
		want(t, "a search, before its commit", e)
		s.passOn()
		synctest.Wait()
		want(t, "a search, after it", e, chat.Searching, chat.Matched)
		s.setFree()
		stopHub(t, h)
	})
}

// A resume of a session that never searched is answered with a new session, and its old socket is closed.
func TestResumeOfASessionThatNeverSearched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore() // no commit ever succeeds
		h := openHub(t, s, 10_000, nil)
		first := attach(t, h, 1, true)
		first.kinds()
		second := resume(t, h, 2, 1)
		want(t, "the old socket", first, chat.Close)
		want(t, "the new socket", second, chat.AuthSuccess, chat.ResumeFailed, chat.SessionID)
		do(h, chat.Command{Op: chat.Detach, Conn: 2})
		third := resume(t, h, 3, 2)
		want(t, "the next socket", third, chat.AuthSuccess, chat.ResumeFailed, chat.SessionID)
		if h.Attached() != 1 {
			t.Errorf("%d sessions are attached, want 1", h.Attached())
		}
		stopHub(t, h)
	})
}
