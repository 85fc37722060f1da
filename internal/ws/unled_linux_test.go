package ws

import "testing"

// Unled gives the parked Conns, in turn by their IDs, to two pollers without a leader. start starts the first.
func Unled(t *testing.T, e *Endpoint) (start func()) {
	t.Helper()
	before := e.pollers
	e.pollers = nil
	for range 2 {
		p, err := newPoller()
		if err != nil {
			t.Fatal(err)
		}
		e.pollers = append(e.pollers, p)
	}
	for _, p := range before {
		p.stop()
		p.mu.Lock()
		for _, c := range p.parked {
			if c != nil && !e.poller(c.id).park(c) {
				t.Fatal("a Conn cannot be parked")
			}
		}
		p.mu.Unlock()
	}
	return func() { e.pollers[0].start(e.pollers) }
}
