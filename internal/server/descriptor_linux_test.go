package server_test

import (
	"fmt"
	"os"
	"testing"

	"chatme/internal/testbed"
)

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(all)
}

// A socket uses one descriptor, at rest, with a partial frame and with a peer that does not read. Known defect: it used
// another to wait.
func TestSocketTakesOneDescriptor(t *testing.T) {
	const pairs = 4
	s := openSite(t)
	s.deaf()
	var senders, deaf []*person
	for range pairs {
		a, b := s.pair(t)
		senders, deaf = append(senders, a), append(deaf, b)
	}
	s.parked(t, 2*pairs)
	before := descriptors(t)
	for i, a := range senders {
		s.stuffed(t, a, image(photo(fmt.Sprint(i%10)))) // so that the other's writer waits
	}
	for _, p := range append(senders, deaf...) {
		p.raw(frame(true, 1, `{"type":"ping"}`)[:1])
	}
	s.parked(t, 0)
	// The machine's speed measurement may use some for a moment.
	testbed.Eventually(t, "sockets with a partial frame, half of them with a photo being written, use no more descriptors", func() bool { return descriptors(t) <= before })
	for _, p := range append(senders, deaf...) {
		p.raw(frame(true, 1, `{"type":"ping"}`)[1:])
	}
	for i, b := range deaf {
		b.listens()
		if m := b.expect("message"); m.ImageURL != photo(fmt.Sprint(i%10)) {
			t.Error("a photo did not arrive whole")
		}
		b.expect("pong")
		senders[i].expect("pong")
	}
	s.parked(t, 2*pairs)
	testbed.Eventually(t, "no descriptor is left", func() bool { return descriptors(t) <= before })
}
