package server_test

import (
	"strings"
	"testing"

	"chatme/internal/testbed"
)

// filled makes a send b, behind the photo, as many texts as an outbox takes, and returns the number of messages.
func filled(s *site, a *person) (messages int) {
	messages = s.sockets.OutboxFrames / 2
	for range messages - 1 {
		a.send(text("x"))
	}
	a.quiet()
	return messages
}

// A phone that changes from Wi-Fi to mobile while a photo is being sent resumes on another socket. Known defect: the
// next message to it was delayed until the old socket was cut.
func TestWaiterIsWokenWhenSocketCloses(t *testing.T) {
	s := openSite(t)
	s.deaf()
	b := &member{site: s}
	b.person, b.session = s.resumable(t, "b")
	a := s.old(t, "a")
	for _, p := range []*person{a, b.person} {
		p.send(`{"type":"search"}`)
		p.expect("searching")
	}
	_, m := matched(a, b.person)
	b.partner = m.PartnerID
	s.stuffed(t, a, image(photo("1")))
	messages := filled(s, a)
	s.parked(t, 2)
	a.send(text("waits"))
	s.parked(t, 1)
	s.stillStuffed(t)
	b.returns(0, 0)
	s.parked(t, 3) // the old socket of b is still open
	if strings.Contains(s.log.String(), "connection ended") {
		t.Error("the reader of a was woken only when the old socket was cut")
	}
	b.listens()
	for n := 1; n <= messages+1; n++ {
		if m := b.expect("message"); m.N != uint64(n) {
			t.Fatalf("message %d, want %d", m.N, n)
		}
	}
}

// The wait for room ends with the chat, although neither side reads anything.
func TestWaitEndsWithTheChat(t *testing.T) {
	s := openSite(t)
	s.deaf()
	a, b := s.pair(t)
	s.stuffed(t, a, image(photo("1")))
	messages := filled(s, a)
	b.send(image(photo("2")))
	testbed.Eventually(t, "both outboxes hold a photo", func() bool {
		return s.endpoint.Parked() == 2 && s.endpoint.InFlight() >= 2*photoBytes
	})
	a.send(text("waits"))
	s.parked(t, 1)
	b.send(`{"type":"search"}`)
	s.parked(t, 2)
	if s.endpoint.InFlight() < 2*photoBytes {
		t.Fatal("an outbox has room again: the readers are not slow enough for this test")
	}
	b.listens()
	for range messages {
		b.expect("message")
	}
	b.expect("searching")
}
