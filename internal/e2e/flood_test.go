package e2e

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"chatme/internal/client"
	"chatme/internal/testbed"
)

// flood is couples that send to each other as fast as the server accepts it, until their sockets end.
type flood struct {
	tb      testing.TB
	people  []*testbed.Person
	running sync.WaitGroup
}

// inFlight is how many messages each sender of a flood has in flight: few enough that a slightly slow reader is not cut
// off.
const inFlight = 8

// newFlood creates couples, half of them legacy clients, and starts them.
func newFlood(s *testbed.Site, couples int) *flood {
	f := &flood{tb: s.TB}
	for i := range couples {
		a := s.Join(fmt.Sprintf("flood%d.a", i), client.Options{Legacy: i%2 == 1})
		b := s.Join(fmt.Sprintf("flood%d.b", i), client.Options{Legacy: i%2 == 1})
		testbed.Meet(a, b)
		f.people = append(f.people, a, b)
	}
	for _, p := range f.people {
		f.running.Go(func() {
			if err := flows(p); err != nil {
				f.tb.Errorf("%s: %v", p.Name, err)
			}
		})
	}
	return f
}

// flows sends one message for each one that arrives, so that inFlight are in flight in each direction.
func flows(p *testbed.Person) error {
	for range inFlight {
		p.Send("first")
	}
	for {
		m, err := p.Recv(testbed.Step(p.TB))
		if _, ended := errors.AsType[*client.CloseError](err); ended {
			return nil
		}
		switch {
		case err != nil:
			return err
		case m.Type == "message":
			p.Got++
			if !p.Old && p.Got%inFlight == 0 {
				p.Ack()
			}
			p.Send("another") // an error here means that the socket is ending
		case m.Type == "chat_ended" && p.Old: // the server is shutting down
		case m.Type != "ack":
			return fmt.Errorf("received in its chat: %s", client.Describe(&m))
		}
	}
}

// wait returns once all sockets have ended.
func (f *flood) wait() { f.running.Wait() }
