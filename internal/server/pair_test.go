package server_test

import (
	"errors"
	"testing"

	"chatme/internal/protocol"
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
