package ws_test

import (
	"fmt"
	"strings"
	"testing"

	"chatme/internal/testbed/sockets"
)

// A socket with a partial frame waits in its own goroutine: two hundred of them delay no other.
func TestSlowSendersDelayNoOther(t *testing.T) {
	s := sockets.Open(t)
	a, b := s.Pair(t)
	var slow []*sockets.Person
	ping := frame(true, 1, `{"type":"ping"}`)
	for i := range 200 {
		p := s.Legacy(t, fmt.Sprintf("slow %d", i))
		p.Raw(ping[:3+i%10])
		slow = append(slow, p)
	}
	for i := range 1000 {
		a.Send(sockets.Text("x"))
		b.Expect("message")
		p := slow[i%len(slow)]
		if at, end := 3+i%10, len(ping); i < len(slow) { // a byte of each now and then
			p.Raw(ping[at : at+1])
		} else if i < 2*len(slow) {
			p.Raw(ping[at+1 : end])
		}
	}
	for _, p := range slow {
		p.Expect("pong")
	}
	a.Quiet()
}

// Frames that arrive together are handled in order, including control frames between them, and the server waits for the
// end of an incomplete one.
func TestFramesInOneSegment(t *testing.T) {
	s := sockets.Open(t)
	a, b := s.Pair(t)
	var pongs []string
	a.Socket.SetPongHandler(func(data string) error { pongs = append(pongs, data); return nil })
	var all []byte
	for n := range 30 {
		all = append(all, frame(true, 1, sockets.Text(fmt.Sprint(n)))...)
		if n%10 == 0 {
			all = append(all, frame(true, 9, fmt.Sprint("ping ", n))...)
			all = append(all, frame(true, 10, "")...)
		}
	}
	all = append(all, frame(true, 1, `{"type":"ping"}`)...)
	a.Raw(all[:len(all)-5])
	for n := range 30 {
		if m := b.Expect("message"); m.Text != fmt.Sprint(n) {
			t.Fatalf("message %d is %q", n, m.Text)
		}
	}
	a.Raw(all[len(all)-5:])
	a.Expect("pong")
	if want := "[ping 0 ping 10 ping 20]"; fmt.Sprint(pongs) != want {
		t.Errorf("pongs %v, want %s", pongs, want)
	}
}

// What the system does not take at once is written as soon as it does, in order and without repetition.
func TestReaderThatPauses(t *testing.T) {
	s := sockets.Open(t)
	a, b := couple(t, s)
	const messages, size = 40, 30_000
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for n := 1; n <= messages; n++ {
			a.says(n, strings.Repeat(string(rune('a'+n%26)), size))
		}
	}()
	<-sent // into b's socket, outbox and a's own
	for n := 1; n <= messages; n++ {
		m := b.Expect("message")
		if m.N != uint64(n) || m.Text != strings.Repeat(string(rune('a'+n%26)), size) {
			t.Fatalf("message %d: n %d, %d bytes", n, m.N, len(m.Text))
		}
		b.acks(n)
	}
	a.acked(messages)
}
