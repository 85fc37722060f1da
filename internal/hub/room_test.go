package hub

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"chatme/internal/chat"
)

// A message waits for room in the outbox of its partner, whose Conn is returned; every other command is done.
func TestMessageWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		s.setFree()
		h := openHub(t, s, 10_000, nil)
		a := attach(t, h, 1, false)
		b := attach(t, h, 2, false)
		search(h, 1)
		search(h, 2)
		synctest.Wait()
		message := Command{Command: chat.Command{Op: chat.Send, Conn: 1, Text: "x"}}
		if got, done := h.Do(&message); got != nil || !done {
			t.Errorf("%v and %v, want nothing to wait for", got, done)
		}
		b.fill(true)
		b.kinds()
		if got, done := h.Do(&message); got != Conn(b) || done {
			t.Errorf("%v and %v, want to wait for b", got, done)
		}
		for _, op := range []chat.Op{chat.Typing, chat.Ack, chat.Activity} {
			if got, done := do(h, chat.Command{Op: op, Conn: 1}); got != nil || !done {
				t.Errorf("op %d: %v and %v, want it done", op, got, done)
			}
		}
		want(t, "b", b, chat.TypingStop)
		b.fill(false)
		if got, done := h.Do(&message); got != nil || !done {
			t.Errorf("%v and %v, want nothing to wait for", got, done)
		}
		want(t, "b", b, chat.Message)
		b.fill(true)
		a.kinds()
		if got, done := do(h, chat.Command{Op: chat.Search, Conn: 1}); got != nil || !done {
			t.Errorf("Next: %v and %v, want it done", got, done)
		}
		synctest.Wait()
		want(t, "a", a, chat.Searching)
		stopHub(t, h)
	})
}

// A message that had to wait is delivered in the chat in which it was written, or not at all (law L8).
func TestMessageThatWaitedStaysInItsChat(t *testing.T) {
	for name, resumable := range map[string]bool{"legacy": false, "resumable": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newHeldStore()
				s.setFree()
				h := openHub(t, s, 10_000, nil)
				attach(t, h, 1, resumable)
				b := attach(t, h, 2, true)
				search(h, 1)
				search(h, 2)
				synctest.Wait()
				b.fill(true)
				message := Command{Command: chat.Command{Op: chat.Send, Conn: 1, Text: "for b"}}
				if resumable {
					message.N = 1
				}
				if _, done := h.Do(&message); done {
					t.Fatal("b has no room, and the message was done")
				}
				do(h, chat.Command{Op: chat.End, Conn: 2})
				c := attach(t, h, 3, true)
				search(h, 3)
				synctest.Wait()
				do(h, chat.Command{Op: chat.Pong, Conn: 1, N: math.MaxUint64}) // a legacy client is settled
				synctest.Wait()
				if k := c.kinds(); !slices.Contains(k, chat.Matched) {
					t.Fatalf("c heard %v, want matched", k)
				}
				if got, done := h.Do(&message); got != nil || !done {
					t.Errorf("%v and %v, want nothing to wait for", got, done)
				}
				want(t, "c", c)
				stopHub(t, h)
			})
		})
	}
}

// A client that does not read its answers must wait, also with commands that are refused.
func TestAnswersThatCrowdTheOwnOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		s.setFree()
		h := openHub(t, s, 10_000, nil)
		a := attach(t, h, 1, true)
		attach(t, h, 2, true)
		a.fill(true)
		if got, done := do(h, chat.Command{Op: chat.Search, Conn: 1}); got != Conn(a) || !done {
			t.Errorf("%v and %v, want a and that it is done", got, done)
		}
		if got, done := do(h, chat.Command{Op: chat.Search, Conn: 2}); got != nil || !done {
			t.Errorf("%v and %v: a is crowded, and what 2 does waits for it", got, done)
		}
		stopHub(t, h)
	})
}

// A commit takes as long as its bytes, and everybody waits for it: large messages to mailboxes do not share one.
func TestLargeLettersShareNoCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		s.setFree()
		h := openHub(t, s, 10_000, nil)
		for first := chat.ConnID(1); first < 5; first += 2 {
			attach(t, h, first, true)
			attach(t, h, first+1, true)
			search(h, first)
			search(h, first+1)
			synctest.Wait()
			do(h, chat.Command{Op: chat.Detach, Conn: first + 1})
			synctest.Wait()
		}
		s.mu.Lock()
		s.free = false
		s.mu.Unlock()
		send := func(from chat.ConnID, n uint64, size int) *Command {
			return &Command{Command: chat.Command{Op: chat.Send, Conn: from, N: n, Text: strings.Repeat("x", size)}}
		}
		isDone := func(what string, c *Command, expected bool) {
			t.Helper()
			if conn, done := h.Do(c); conn != nil || done != expected {
				t.Errorf("%s: %v and done %v, want done %v", what, conn, done, expected)
			}
			synctest.Wait()
		}
		isDone("the first letter", send(1, 1, largeLetter), true)
		isDone("one while that is committed", send(3, 1, largeLetter), true)
		second := send(1, 2, largeLetter)
		isDone("another one", second, false)
		isDone("a small one", send(3, 2, 100), true)

		went := make(chan error, 1)
		go func() { went <- h.AwaitRoom(t.Context(), second) }()
		synctest.Wait()
		if len(went) > 0 {
			t.Error("the letter does not wait for the commit before its own")
		}
		s.passOn()
		if err := <-went; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		isDone("the letter that has waited", second, true)

		// While commits fail, nothing waits for one.
		third := send(3, 3, largeLetter)
		isDone("one more", third, false)
		go func() { went <- h.AwaitRoom(t.Context(), third) }()
		<-s.enter
		s.verdict <- passing{errors.New("the disk is full")}
		if err := <-went; err != nil {
			t.Error(err)
		}
		isDone("a letter while commits fail", third, true)
		s.setFree()
		stopHub(t, h)
	})
}
