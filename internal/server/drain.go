package server

import (
	"context"
	"net/http"
	"time"
)

const (
	// silentGrace is how long a stop waits for the request of who has connected: a few round trips and a handshake of
	// TLS. Browsers connect ahead of a request that may never come.
	silentGrace = time.Second
	drainLook   = 5 * time.Millisecond
)

// waiting reports whether a request waits for its answer, or with silent a connection for its first request.
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

// Drain ends web, which accepts nothing any more, once all requests are answered or ctx ends. http.Server.Shutdown alone
// would cut those off whose request arrives during it, and to them that is a server which refuses.
func (a *Arrivals) Drain(ctx context.Context, web *http.Server) {
	defer web.Close()
	web.SetKeepAlivesEnabled(false)
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	for since := time.Now(); a.waiting(time.Since(since) < silentGrace); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
