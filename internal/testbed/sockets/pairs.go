package sockets

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"chatme/internal/protocol"
	"chatme/internal/testbed"
)

// Pair opens two legacy clients that are in a chat.
func (s *Site) Pair(t *testing.T) (a, b *Person) {
	t.Helper()
	a, b = s.Legacy(t, "a"), s.Legacy(t, "b")
	a.Send(`{"type":"search"}`)
	a.Expect("searching")
	b.Send(`{"type":"search"}`)
	b.Expect("searching")
	Matched(a, b)
	return a, b
}

// Matched requires both to be matched. They read at the same time: a client that answers no ping stops being matched
// after a while, which is soon over on a busy machine.
func Matched(a, b *Person) (ma, mb protocol.ServerMessage) {
	a.T.Helper()
	heard := make(chan error, 1)
	go func() {
		var err error
		mb, err = b.Hear("matched")
		heard <- err
	}()
	ma, err := a.Hear("matched")
	testbed.Must(a.T, errors.Join(err, <-heard))
	return ma, mb
}

// Deaf makes the sockets that are dialed from now on buffer next to nothing of what they do not read.
func (s *Site) Deaf(t *testing.T) {
	dialer := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
		})
		return errors.Join(err, failed)
	}}
	if !overUnix(t) { // there, only the sender buffers
		s.dial = dialer.DialContext
	}
}

// Stuffed makes a send b, which reads nothing, a photo, and returns once that is in the outbox of b.
func (s *Site) Stuffed(t *testing.T, a *Person, message string) {
	t.Helper()
	a.Send(message)
	a.Quiet() // what a sends next is read while the photo is being sent
	s.StillStuffed(t)
}

// StillStuffed checks that the photo has not left the outbox.
func (s *Site) StillStuffed(t *testing.T) {
	t.Helper()
	if got := s.Endpoint.InFlight(); got < PhotoBytes {
		t.Fatalf("%d bytes in flight: the reader is not slow enough for this test", got)
	}
}

// Listens makes p read at normal speed.
func (p *Person) Listens() { p.Below().SetReadBuffer(4 << 20) }

// Parked waits until conns sockets are at rest. The reader of any other one is working, or waits for room.
func (s *Site) Parked(t *testing.T, conns int) {
	t.Helper()
	testbed.Eventually(t, fmt.Sprintf("%d sockets are parked", conns), func() bool { return s.Endpoint.Parked() == conns })
}

// PhotoBytes is more than the buffers of a socket hold whose peer does not read.
const PhotoBytes = 5 << 20
