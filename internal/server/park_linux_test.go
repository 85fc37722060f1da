package server_test

import (
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
