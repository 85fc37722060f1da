package ws_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
	"chatme/internal/testcard"
	"chatme/internal/ws"
)

// A connection at rest has no goroutine, neither after its first message nor after it was busy in its own goroutine.
func TestIdleConnectionsCostNoGoroutine(t *testing.T) {
	const conns = 100
	s := sockets.Open(t)
	a, b := s.Pair(t)
	all := []*sockets.Person{a, b}
	for i := range conns - 2 {
		all = append(all, s.Legacy(t, fmt.Sprint(i)))
	}
	for _, p := range all {
		p.Quiet()
	}
	big := sockets.Image(testcard.URI(strings.Repeat("AAAA", 1<<18)))
	sent := a.SendAside(big) // does not fit into one read
	b.Expect("message")
	<-sent
	before := runtime.NumGoroutine()
	if before >= conns {
		testbed.Eventually(t, "fewer goroutines than connections", func() bool { return runtime.NumGoroutine() < conns/2 })
	}
	for _, p := range all {
		p.Quiet()
	}
	testbed.Eventually(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= before })
}

// A busy leader also serves the Conns of a poller whose own leader gets no processor.
func TestBusyLeaderHelps(t *testing.T) {
	const conns = 80
	s := sockets.Open(t)
	var all []*sockets.Person
	for i := range conns {
		all = append(all, s.Legacy(t, fmt.Sprint(i)))
	}
	testbed.Eventually(t, "all are parked", func() bool { return s.Endpoint.Parked() == conns })
	start := ws.Unled(t, s.Endpoint)
	for _, p := range all {
		p.Raw(frame(true, 1, `{"type":"ping"}`))
	}
	start()
	for _, p := range all {
		p.Expect("pong")
	}
}

// Frames that end exactly at the end of the read buffer of 4,096 bytes, with more behind them: no partial frame is left
// that would make the server read the rest. An edge-triggered poller forgets them.
func TestFramesThatEndAtTheBuffer(t *testing.T) {
	const buffer, size, head = 4096, 256, 8 // 16 frames: a turn with many more continues in its own goroutine
	s := sockets.Open(t)
	p := s.Legacy(t, "p")
	p.Waits = 2 * time.Second // the answer to a ping takes no time, and the seeded bug is found sooner
	ping := `{"type":"ping"}`
	one := frame(true, 1, ping+strings.Repeat(" ", size-head-len(ping)))
	if len(one) != size {
		t.Fatalf("a frame has %d bytes, want %d", len(one), size)
	}
	for _, buffers := range []int{1, 2, 3} {
		testbed.Eventually(t, "it is parked", func() bool { return s.Endpoint.Parked() == 1 })
		pings := buffers*buffer/size + 1
		p.Raw(bytes.Repeat(one, pings))
		for range pings {
			p.Expect("pong")
		}
	}
}
