package e2e

import (
	"net/http"
	"strings"
	"time"

	"chatme/internal/admin"
	"chatme/internal/testbed"
)

// wantReady requires that /livez returns 200, and that /readyz gives this reason; "" means that the server is ready.
func wantReady(s *testbed.Site, reason string) {
	s.TB.Helper()
	socket := admin.NewClient(s.DB + ".sock")
	alive, err := socket.Do(testbed.Step(s.TB), http.MethodGet, "/livez")
	if err != nil {
		s.TB.Fatal(err)
	}
	alive.Body.Close()
	ready, got, err := socket.Ready(testbed.Step(s.TB))
	if err != nil || alive.StatusCode != http.StatusOK || ready != (reason == "") || !strings.Contains(got, reason) {
		s.TB.Errorf("alive %d, ready %v: %q, %v; want %q", alive.StatusCode, ready, got, err, reason)
	}
}

// lastReason polls readiness until the server is gone, and sends the last reason for not being ready.
func lastReason(s *testbed.Site) <-chan string {
	said := make(chan string, 1)
	socket, ctx := admin.NewClient(s.DB+".sock"), testbed.Step(s.TB)
	go func() {
		last := ""
		ticks := time.NewTicker(pulse)
		defer ticks.Stop()
		for range ticks.C {
			_, reason, err := socket.Ready(ctx)
			if err != nil {
				said <- last
				return
			}
			last = reason
		}
	}()
	return said
}
