package hub

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"chatme/internal/chat"
)

// While the rings are full a large message is not read until something is confirmed. A session that has messages to confirm
// does not wait, because the confirmation may come after its message.
func TestLargeMessagesWaitForTheRings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newHeldStore()
		store.setFree()
		h := openHub(t, store, 100, nil)
		defer stopHub(t, h)
		limits := testLimits()
		limits.RingBytes, limits.RingTotal = 3000, 3000
		h.SetLimits(limits)
		for id := chat.ConnID(1); id <= 6; id++ {
			attach(t, h, id, true)
			do(h, chat.Command{Op: chat.Search, Conn: id})
		}
		synctest.Wait()
		goes := func(id chat.ConnID) <-chan struct{} {
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				h.AwaitRing(context.Background(), id, 2000)
			}()
			synctest.Wait()
			return gone
		}
		isGone := func(c <-chan struct{}) bool {
			synctest.Wait()
			select {
			case <-c:
				return true
			default:
				return false
			}
		}
		send := func(id chat.ConnID) {
			do(h, chat.Command{Op: chat.Send, Conn: id, N: 1, Text: strings.Repeat("x", 2000)})
		}
		first := goes(1)
		if !isGone(first) {
			t.Fatal("a message waited although the rings were empty")
		}
		third, fifth := goes(3), goes(5)
		if isGone(third) || isGone(fifth) {
			t.Error("a message was read although the room was promised to another")
		}
		partner := goes(2)
		if isGone(partner) {
			t.Error("the partner's message did not wait for the room of one that has not arrived")
		}
		send(1)
		if !isGone(partner) {
			t.Error("a session with messages to confirm had to wait")
		}
		if isGone(third) {
			t.Error("a message was read although the rings were full")
		}
		do(h, chat.Command{Op: chat.Ack, Conn: 2, Got: 1})
		if !isGone(third) || isGone(fifth) {
			t.Error("the first message in line did not go first")
		}
		do(h, chat.Command{Op: chat.Detach, Conn: 3})
		if !isGone(fifth) {
			t.Error("room promised to a closed socket was not released")
		}
	})
}
