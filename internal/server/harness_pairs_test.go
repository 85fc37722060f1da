package server_test

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"chatme/internal/protocol"
	"chatme/internal/testbed"
)

// pair opens two legacy clients that are in a chat.
func (s *site) pair(t *testing.T) (a, b *person) {
	t.Helper()
	a, b = s.old(t, "a"), s.old(t, "b")
	a.send(`{"type":"search"}`)
	a.expect("searching")
	b.send(`{"type":"search"}`)
	b.expect("searching")
	matched(a, b)
	return a, b
}

// matched requires both to be matched. They read at the same time: a client that answers no ping stops being matched
// after a while, which is soon over on a busy machine.
func matched(a, b *person) (ma, mb protocol.ServerMessage) {
	a.t.Helper()
	heard := make(chan error, 1)
	go func() {
		var err error
		mb, err = b.hear("matched")
		heard <- err
	}()
	ma, err := a.hear("matched")
	must(a.t, errors.Join(err, <-heard))
	return ma, mb
}

// deaf makes the sockets that are dialed from now on buffer next to nothing of what they do not read.
func (s *site) deaf() {
	dialer := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
		})
		return errors.Join(err, failed)
	}}
	s.dialTCP = dialer.DialContext
}

// stuffed makes a send b, which reads nothing, a photo, and returns once that is in the outbox of b.
func (s *site) stuffed(t *testing.T, a *person, message string) {
	t.Helper()
	a.send(message)
	a.quiet() // what a sends next is read while the photo is being sent
	s.stillStuffed(t)
}

// stillStuffed checks that the photo has not left the outbox.
func (s *site) stillStuffed(t *testing.T) {
	t.Helper()
	if got := s.endpoint.InFlight(); got < photoBytes {
		t.Fatalf("%d bytes in flight: the reader is not slow enough for this test", got)
	}
}

// listens makes p read at normal speed.
func (p *person) listens() { p.tcp().SetReadBuffer(4 << 20) }

// parked waits until conns sockets are at rest. The reader of any other one is working, or waits for room.
func (s *site) parked(t *testing.T, conns int) {
	t.Helper()
	testbed.Eventually(t, fmt.Sprintf("%d sockets are parked", conns), func() bool { return s.endpoint.Parked() == conns })
}

// photoBytes is more than the buffers of a socket hold whose peer does not read.
const photoBytes = 5 << 20
