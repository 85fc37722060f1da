package ws_test

import (
	"strings"
	"testing"

	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
)

// filled makes a send b, behind the photo, as many texts as an outbox takes, and returns the number of messages.
func filled(s *sockets.Site, a *sockets.Person) (messages int) {
	messages = s.Config.OutboxFrames / 2
	for range messages - 1 {
		a.Send(sockets.Text("x"))
	}
	a.Quiet()
	return messages
}

// A phone that changes from Wi-Fi to mobile while a photo is being sent resumes on another socket. Known defect: the
// next message to it was delayed until the old socket was cut.
func TestWaiterIsWokenWhenSocketCloses(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t)
	s.Deaf(t)
	b := &member{site: s}
	b.Person, b.session = s.Resumable(t, "b")
	a := s.Legacy(t, "a")
	for _, p := range []*sockets.Person{a, b.Person} {
		p.Send(`{"type":"search"}`)
		p.Expect("searching")
	}
	_, m := sockets.Matched(a, b.Person)
	b.partner = m.PartnerID
	s.Stuffed(t, a, sockets.Image(photo("1")))
	messages := filled(s, a)
	s.Parked(t, 2)
	a.Send(sockets.Text("waits"))
	s.Parked(t, 1)
	s.StillStuffed(t)
	b.returns(0, 0)
	s.Parked(t, 3) // the old socket of b is still open
	if strings.Contains(s.Log.String(), "connection ended") {
		t.Error("the reader of a was woken only when the old socket was cut")
	}
	b.Listens()
	for n := 1; n <= messages+1; n++ {
		if m := b.Expect("message"); m.N != uint64(n) {
			t.Fatalf("message %d, want %d", m.N, n)
		}
	}
}

// The wait for room ends with the chat, although neither side reads anything.
func TestWaitEndsWithTheChat(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t)
	s.Deaf(t)
	a, b := s.Pair(t)
	s.Stuffed(t, a, sockets.Image(photo("1")))
	messages := filled(s, a)
	b.Send(sockets.Image(photo("2")))
	testbed.Eventually(t, "both outboxes hold a photo", func() bool {
		return s.Endpoint.Parked() == 2 && s.Endpoint.InFlight() >= 2*sockets.PhotoBytes
	})
	a.Send(sockets.Text("waits"))
	s.Parked(t, 1)
	b.Send(`{"type":"search"}`)
	s.Parked(t, 2)
	if s.Endpoint.InFlight() < 2*sockets.PhotoBytes {
		t.Fatal("an outbox has room again: the readers are not slow enough for this test")
	}
	b.Listens()
	for range messages {
		b.Expect("message")
	}
	b.Expect("searching")
}
