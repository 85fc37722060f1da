package ws_test

import (
	"fmt"
	"os"
	"testing"

	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
)

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	testbed.Must(t, err)
	return len(all)
}

// A socket uses one descriptor, at rest, with a partial frame and with a peer that does not read. Known defect: it used
// another to wait.
func TestSocketTakesOneDescriptor(t *testing.T) {
	const pairs = 4
	s := sockets.Open(t)
	s.Deaf(t)
	var senders, deaf []*sockets.Person
	for range pairs {
		a, b := s.Pair(t)
		senders, deaf = append(senders, a), append(deaf, b)
	}
	s.Parked(t, 2*pairs)
	before := descriptors(t)
	for i, a := range senders {
		s.Stuffed(t, a, sockets.Image(photo(fmt.Sprint(i%10)))) // so that the other's writer waits
	}
	for _, p := range append(senders, deaf...) {
		p.Raw(frame(true, 1, `{"type":"ping"}`)[:1])
	}
	s.Parked(t, 0)
	// The machine's speed measurement may use some for a moment.
	testbed.Eventually(t, "sockets with a partial frame, half of them with a photo being written, use no more descriptors", func() bool { return descriptors(t) <= before })
	for _, p := range append(senders, deaf...) {
		p.Raw(frame(true, 1, `{"type":"ping"}`)[1:])
	}
	for i, b := range deaf {
		b.Listens()
		if m := b.Expect("message"); m.ImageURL != photo(fmt.Sprint(i%10)) {
			t.Error("a photo did not arrive whole")
		}
		b.Expect("pong")
		senders[i].Expect("pong")
	}
	s.Parked(t, 2*pairs)
	testbed.Eventually(t, "no descriptor is left", func() bool { return descriptors(t) <= before })
}
