package server

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"chatme/internal/forwarded"
)

const (
	// TraceHeader carries the number of a request that an operator has announced.
	TraceHeader = "Chatme-Trace"
	// ForgedAddr is the client address that such a request claims (RFC 5737, TEST-NET-1): behind a correctly configured
	// proxy the server does not believe it.
	ForgedAddr = "192.0.2.113"

	traceAge  = time.Minute // after which an announcement is forgotten
	tracesMax = 16          // announcements at a time
)

// Trace describes how a request came through the proxies in front of the server. It contains no address.
type Trace struct {
	Seen      bool `json:"seen"`      // it arrived
	Direct    bool `json:"direct"`    // from the same socket that sent it
	TLS       bool `json:"tls"`       // encrypted up to the server
	Local     bool `json:"local"`     // over a Unix socket
	Trusted   bool `json:"trusted"`   // from a peer whose X-Forwarded-For is trusted
	Forwarded int  `json:"forwarded"` // addresses in X-Forwarded-For, without the forged one and those to its left
	Believed  int  `json:"believed"`  // how many of these, from the right, are trusted proxies

	Forged        bool `json:"forged"`        // the forged address is in it
	ForgedLast    bool `json:"forgedLast"`    // … and is the last one
	ForgedCounted bool `json:"forgedCounted"` // the server used it as the client address
}

// announcement is the state of an announced request.
type announcement struct {
	at    time.Time
	trace Trace
	peer  netip.AddrPort // its source address, the zero value for a Unix socket; never shown
}

// traces are the requests that an operator has announced. A public client cannot announce one, cannot guess its number,
// and gets the same answer with and without a number.
type traces struct {
	open atomic.Int32 // len(by): while it is 0, requests are not inspected

	mu sync.Mutex
	by map[string]*announcement // by number; guarded by mu
}

// Announce returns a number for a request that the operator is about to send through the public address.
func (s *Server) Announce() (number string, err error) {
	a := &s.traces
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget()
	if len(a.by) >= tracesMax {
		return "", errors.New("too many announced requests; try again in a minute")
	}
	if a.by == nil {
		a.by = map[string]*announcement{}
	}
	number = rand.Text()
	a.by[number] = &announcement{at: time.Now()}
	a.open.Store(int32(len(a.by)))
	return number, nil
}

// Traced returns how the announced request that was sent from the address from arrived, and forgets it. It returns false
// if there was no such announcement.
func (s *Server) Traced(number string, from netip.AddrPort) (Trace, bool) {
	a := &s.traces
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget()
	found := a.by[number]
	if found == nil {
		return Trace{}, false
	}
	delete(a.by, number)
	a.open.Store(int32(len(a.by)))
	found.trace.Direct = found.peer.IsValid() && found.peer == from
	return found.trace, true
}

// forget drops expired announcements. The caller holds mu.
func (a *traces) forget() {
	for number, each := range a.by {
		if time.Since(each.at) > traceAge {
			delete(a.by, number)
		}
	}
	a.open.Store(int32(len(a.by)))
}

// noteTrace records how r arrived if it was announced; only the first request with a number counts. client is the client
// address that the server uses.
func (s *surface) noteTrace(r *http.Request, client netip.Addr) {
	if s.traces.open.Load() == 0 {
		return
	}
	number := r.Header.Get(TraceHeader)
	if number == "" {
		return
	}
	s.traces.mu.Lock()
	defer s.traces.mu.Unlock()
	each := s.traces.by[number]
	if each == nil || each.trace.Seen {
		return
	}
	if !forwarded.Local(r) {
		each.peer, _ = netip.ParseAddrPort(r.RemoteAddr)
		each.peer = netip.AddrPortFrom(each.peer.Addr().Unmap(), each.peer.Port())
	}
	each.trace = s.judge(r, client)
}

// judge returns a Trace without Direct.
func (s *surface) judge(r *http.Request, client netip.Addr) Trace {
	_, trusted := s.proxies.Peer(r)
	a := Trace{Seen: true, TLS: r.TLS != nil, Local: forwarded.Local(r), Trusted: trusted, ForgedCounted: client.String() == ForgedAddr}
	for i, hop := range forwarded.Chain(r) {
		if hop.String() == ForgedAddr {
			a.Forged, a.ForgedLast = true, i == 0
			break
		}
		if a.Believed == a.Forwarded && s.proxies.Trust(hop) {
			a.Believed++
		}
		a.Forwarded++
	}
	return a
}
