package server

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// ArrivalHeader carries the number of a request that an operator has announced.
	ArrivalHeader = "Chatme-Arrival"
	// ForgedAddr is what such a request claims as its client (RFC 5737, TEST-NET-1): a proxy that is set up well does not
	// let the server believe it.
	ForgedAddr = "192.0.2.113"

	arrivalAge  = time.Minute // after which an announcement is forgotten
	arrivalsMax = 16          // announcements at one time
)

// Arrival is how a request came in through whatever is in front of the server. No address is in it.
type Arrival struct {
	Seen      bool `json:"seen"`      // it came in
	Direct    bool `json:"direct"`    // from the very socket that sent it
	TLS       bool `json:"tls"`       // encrypted up to the server
	Trusted   bool `json:"trusted"`   // from an address whose X-Forwarded-For is believed
	Forwarded int  `json:"forwarded"` // addresses in X-Forwarded-For, but for the forged one and what is left of it
	Believed  int  `json:"believed"`  // how many of these, from the right, are proxies that are believed

	Forged        bool `json:"forged"`        // the forged address is in it
	ForgedLast    bool `json:"forgedLast"`    // … with nothing behind it
	ForgedCounted bool `json:"forgedCounted"` // the server took it for the client's
}

// announcement is what is known of a request that was announced.
type announcement struct {
	at      time.Time
	arrival Arrival
	peer    netip.AddrPort // where it came from; never shown
}

// arrivals are the requests that an operator has announced: a public client cannot announce one, cannot guess its number,
// and is answered the same with a number and without.
type arrivals struct {
	open atomic.Int32 // len(by): without any, a request is not looked at

	mu sync.Mutex
	by map[string]*announcement // by number; guarded by mu
}

// Announce returns a number for a request that the operator is about to send through the public address.
func (s *Server) Announce() (number string, err error) {
	a := &s.arrivals
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget()
	if len(a.by) >= arrivalsMax {
		return "", errors.New("too many requests were announced; try again in a minute")
	}
	if a.by == nil {
		a.by = map[string]*announcement{}
	}
	number = rand.Text()
	a.by[number] = &announcement{at: time.Now()}
	a.open.Store(int32(len(a.by)))
	return number, nil
}

// Arrived returns how the announced request came in that was sent from the address from, and forgets it. It is false if there was no such
// announcement.
func (s *Server) Arrived(number string, from netip.AddrPort) (Arrival, bool) {
	a := &s.arrivals
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget()
	found := a.by[number]
	if found == nil {
		return Arrival{}, false
	}
	delete(a.by, number)
	a.open.Store(int32(len(a.by)))
	found.arrival.Direct = found.arrival.Seen && found.peer == from
	return found.arrival, true
}

// forget drops what is too old. The caller holds mu.
func (a *arrivals) forget() {
	for number, each := range a.by {
		if time.Since(each.at) > arrivalAge {
			delete(a.by, number)
		}
	}
	a.open.Store(int32(len(a.by)))
}

// noteArrival remembers how r came in if it was announced; the first of a number counts. client is the address that the server counts.
func (s *surface) noteArrival(r *http.Request, client netip.Addr) {
	if s.arrivals.open.Load() == 0 {
		return
	}
	number := r.Header.Get(ArrivalHeader)
	if number == "" {
		return
	}
	s.arrivals.mu.Lock()
	defer s.arrivals.mu.Unlock()
	each := s.arrivals.by[number]
	if each == nil || each.arrival.Seen {
		return
	}
	each.peer, _ = netip.ParseAddrPort(r.RemoteAddr)
	each.peer = netip.AddrPortFrom(each.peer.Addr().Unmap(), each.peer.Port())
	each.arrival = s.judge(r, each.peer.Addr(), client)
}

// judge is an Arrival but for Direct.
func (s *surface) judge(r *http.Request, peer, client netip.Addr) Arrival {
	a := Arrival{Seen: true, TLS: r.TLS != nil, Trusted: s.trusts(peer.WithZone("")), ForgedCounted: client.String() == ForgedAddr}
	chain := forwardedFor(r)
	for i := len(chain) - 1; i >= 0; i-- {
		if chain[i].String() == ForgedAddr {
			a.Forged, a.ForgedLast = true, i == len(chain)-1
			break
		}
		if a.Believed == a.Forwarded && s.trusts(chain[i]) {
			a.Believed++
		}
		a.Forwarded++
	}
	return a
}

func (s *surface) trusts(addr netip.Addr) bool {
	for _, network := range s.trusted {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// forwardedFor are the addresses in X-Forwarded-For, the nearest last. What is not an address is the zero Addr.
func forwardedFor(r *http.Request) (chain []netip.Addr) {
	for entry := range strings.SplitSeq(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		addr, err := netip.ParseAddr(strings.Trim(entry, "[]"))
		if err != nil { // some proxies add the port
			withPort, _ := netip.ParseAddrPort(entry)
			addr = withPort.Addr()
		}
		chain = append(chain, addr.Unmap().WithZone(""))
	}
	return chain
}
