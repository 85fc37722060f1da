package server

import (
	"context"
	"net/http"
	"time"
)

const drainLook = 5 * time.Millisecond

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
// would cut those off whose request arrives during it, and to them that is a server which refuses. A connection that has not
// asked for anything yet is waited for as long as silent: browsers connect ahead of a request that may never come.
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
