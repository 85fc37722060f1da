package server_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// A connection at rest has no goroutine, once each has said something, and after it was busy in one of its own.
func TestIdleConnectionsCostNoGoroutine(t *testing.T) {
	const conns = 100
	s := openSite(t)
	a, b := s.pair(t)
	all := []*person{a, b}
	for i := range conns - 2 {
		all = append(all, s.old(t, fmt.Sprint(i)))
	}
	for _, p := range all {
		p.quiet()
	}
	big := image("data:image/png;base64," + strings.Repeat("AAAA", 1<<18))
	sent := a.sendAside(big) // does not fit into one read
	b.expect("message")
	<-sent
	before := runtime.NumGoroutine()
	if before >= conns {
		eventually(t, "fewer goroutines than connections", func() bool { return runtime.NumGoroutine() < conns/2 })
	}
	for _, p := range all {
		p.quiet()
	}
	eventually(t, "the goroutines of before", func() bool { return runtime.NumGoroutine() <= before })
}

// Frames that end just where the read buffer of 4,096 bytes does, with more behind them: nothing of a frame is left over
// that would have the rest of them read. A poller that is told but once of what has arrived forgets them.
func TestFramesThatEndAtTheBuffer(t *testing.T) {
	const buffer, size, head = 4096, 256, 8 // 16 frames: a turn of many more goes on in a goroutine of its own
	s := openSite(t)
	p := s.old(t, "p")
	ping := `{"type":"ping"}`
	one := frame(true, 1, ping+strings.Repeat(" ", size-head-len(ping)))
	if len(one) != size {
		t.Fatalf("a frame has %d bytes, want %d", len(one), size)
	}
	for _, buffers := range []int{1, 2, 3} {
		eventually(t, "it is parked", func() bool { return s.endpoint.Parked() == 1 })
		pings := buffers*buffer/size + 1
		p.raw(bytes.Repeat(one, pings))
		for range pings {
			p.expect("pong")
		}
	}
}
