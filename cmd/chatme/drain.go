package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// silentShare is the share of the time for a stop that it waits for the request of who has connected: a second, a few round
	// trips and a handshake of TLS. Browsers connect ahead of a request that may never come.
	silentShare = 4
	drainLook   = 5 * time.Millisecond
)

// requests counts the connections of a web server whose request is not answered: http.Server.Shutdown alone would cut
// those off whose request arrives during it, and to them that is a server which refuses.
type requests struct {
	mu     sync.Mutex
	states map[net.Conn]http.ConnState // only StateNew and StateActive
}

func newRequests() *requests { return &requests{states: map[net.Conn]http.ConnState{}} }

// note is the server's ConnState. A socket that is taken over by an upgrade is answered.
func (r *requests) note(conn net.Conn, state http.ConnState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if state == http.StateNew || state == http.StateActive {
		r.states[conn] = state
	} else {
		delete(r.states, conn)
	}
}

// waiting says whether somebody waits for an answer, or with silent has said nothing yet.
func (r *requests) waiting(silent bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, state := range r.states {
		if state == http.StateActive || silent {
			return true
		}
	}
	return false
}

// drain ends web, which accepts nothing any more, once all requests are answered or ctx ends; who has said nothing by then is
// waited for as long as silent.
func (r *requests) drain(ctx context.Context, web *http.Server, silent time.Duration) {
	defer web.Close()
	web.SetKeepAlivesEnabled(false)
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	for since := time.Now(); r.waiting(time.Since(since) < silent); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
