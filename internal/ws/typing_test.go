package ws_test

import (
	"testing"

	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
)

// Typing is thinned out: the partner gets few changes, and always the last one.
func TestTypingIsThinnedOut(t *testing.T) {
	s := sockets.Open(t)
	a, b := s.Pair(t)
	start, stop := `{"type":"typing_start"}`, `{"type":"typing_stop"}`
	expect := func(kinds ...string) {
		t.Helper()
		for _, kind := range kinds {
			b.Expect(kind)
		}
	}
	for range 8 { // the first of a chat are forwarded as they come
		a.Send(start)
		a.Send(start)
		expect("typing_start", "typing_start")
	}
	for range 20 {
		a.Send(start)
	}
	for range 20 {
		a.Send(stop)
		a.Send(start)
	}
	expect("typing_stop", "typing_start") // the last one is late
	a.Quiet()
	b.Quiet()
	a.Send(stop)
	a.Send(start)
	a.Send(sockets.Text("what was typed"))
	expect("typing_stop", "typing_start", "message") // it goes ahead of the message
	a.Send(stop)
	expect("typing_stop")
	a.Send(start)
	a.Send(`{"type":"search"}`)
	for {
		m, err := b.Next()
		testbed.Must(t, err)
		if m.Type == "partner_disconnected" {
			break
		}
	}
	c := s.Legacy(t, "c")
	c.Send(`{"type":"search"}`)
	c.Expect("searching")
	_, err := a.Hear("searching")
	testbed.Must(t, err)
	go b.Socket.Close()
	sockets.Matched(a, c)
	a.Send(start) // no change to a, but the partner is another
	c.Expect("typing_start")
}
