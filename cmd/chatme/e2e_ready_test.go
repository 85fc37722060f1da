package main

import (
	"net/http"
	"strings"
	"time"

	"chatme/internal/admin"
)

// wantReady wants /livez to be 200, and /readyz to say why not; "" is that the server is ready.
func wantReady(s *site, reason string) {
	s.tb.Helper()
	socket := admin.NewClient(s.db + ".sock")
	alive, err := socket.Do(step(s.tb), http.MethodGet, "/livez")
	if err != nil {
		s.tb.Fatal(err)
	}
	alive.Body.Close()
	ready, got, err := socket.Ready(step(s.tb))
	if err != nil || alive.StatusCode != http.StatusOK || ready != (reason == "") || !strings.Contains(got, reason) {
		s.tb.Errorf("alive %d, ready %v: %q, %v; want %q", alive.StatusCode, ready, got, err, reason)
	}
}

// lastReason asks for readiness until the server is gone, and sends why it was not ready last.
func lastReason(s *site) <-chan string {
	said := make(chan string, 1)
	socket, ctx := admin.NewClient(s.db+".sock"), step(s.tb)
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
