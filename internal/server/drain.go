package server

import (
	"context"
	"net/http"
	"time"
)

const drainLook = 5 * time.Millisecond

// waiting reports whether a request waits for its answer or, with silent, a connection for its first request.
func (a *Arrivals) waiting(silent bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, one := range a.byConn {
		if one.state == http.StateActive || silent && one.state == http.StateNew {
			return true
		}
	}
	return false
}

// Drain ends web, which no longer accepts connections, once all requests are answered or ctx ends. http.Server.Shutdown
// alone would cut off clients whose request arrives during it, which look to them like a refusal. Drain waits for a
// connection without a request only for the time silent: browsers connect ahead of a request that may never come.
func (a *Arrivals) Drain(ctx context.Context, web *http.Server, silent time.Duration) {
	defer web.Close()
	web.SetKeepAlivesEnabled(false)
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	for since := time.Now(); a.waiting(time.Since(since) < silent); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
