package server

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"chatme/internal/network"
	"chatme/internal/ws"
)

// Times bound a connection that is not upgraded. Their sum is its maximum lifetime: the connection is closed 20 s after
// its accept, unless a long answer makes progress.
type Times struct {
	Arrive time.Duration // from the accept to the complete header of the last request, including handshakes and waits between requests
	Reuse  time.Duration // an answer that begins later than this is the last on its connection
	Answer time.Duration // time in which an answer must make progress: all of it leaves, or the next 32 KiB of a file
	Look   time.Duration // how often the two above are checked
	Grace  time.Duration // how long a new connection, or a new socket, is safe from being closed for another
}

// DefaultTimes are the Times of a server on the Internet.
var DefaultTimes = Times{
	Arrive: 10 * time.Second,
	Reuse:  5 * time.Second,
	Answer: 5 * time.Second,
	Look:   time.Second,
	Grace:  500 * time.Millisecond, // a round trip around the world, or of a phone: the request follows the handshake
}

// Arrivals are the connections of a listener that are not upgraded, from their accept on. Each must end within a given
// time. Their number is limited, and together with the sockets that have not authenticated it has a second limit: beyond
// either, the oldest of the network that holds most of them is closed for the next, so that connections without a request
// never keep clients out. A socket that has authenticated costs nothing here.
type Arrivals struct {
	times    Times
	failed   *rareWarning  // accept
	crowded  *rareWarning  // one was closed for another
	freed    chan struct{} // buffer 1; sent when one has ended; never closed
	identify Identifier    // nil: all networks are unknown
	plain    *network.Crowd[*arrival]
	guests   *network.Crowd[ws.Guest] // plain, and the sockets that have not authenticated

	mu       sync.Mutex
	limits   ArrivalLimits
	byConn   map[net.Conn]*arrival
	watching bool // a timer will call look
}

// ArrivalLimits are how many connections there may be at a time.
type ArrivalLimits struct {
	Plain           int // not upgraded: each has a descriptor that is promised to no socket
	Unauthenticated int // not upgraded, or not authenticated
}

// arrival is one connection that is not upgraded.
type arrival struct {
	by       *Arrivals
	conn     net.Conn // the system's: below TLS
	accepted time.Time
	moved    atomic.Int64 // unix nanoseconds at which the state changed, or a part of a long answer left

	// owned by the goroutine that serves the connection
	asked     int  // requests
	forgetful bool // the system drops an answer that the peer does not take

	// guarded by the mu of Arrivals
	state  http.ConnState
	served bool // a request was answered
	left   bool // it ended, was upgraded or was cut
	from   network.Network
	plain  network.Member[*arrival]
	guest  network.Member[ws.Guest]
}

// NewArrivals returns Arrivals within limits.
func NewArrivals(limits ArrivalLimits, times Times, log *slog.Logger) *Arrivals {
	a := &Arrivals{
		times:   times,
		failed:  &rareWarning{log: log, message: "accept failed, retrying"},
		crowded: &rareWarning{log: log, message: "too many connections that have not authenticated, closed the oldest"},
		freed:   make(chan struct{}, 1),
		plain:   network.NewCrowd[*arrival](),
		guests:  network.NewCrowd[ws.Guest](),
		byConn:  map[net.Conn]*arrival{},
	}
	a.Resize(limits)
	return a
}

// Resize changes the limits.
func (a *Arrivals) Resize(limits ArrivalLimits) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limits = ArrivalLimits{max(limits.Plain, 1), max(limits.Unauthenticated, 1)}
}

// Guests returns all connections that have not authenticated, for the sockets to join.
func (a *Arrivals) Guests() *network.Crowd[ws.Guest] { return a.guests }

// Len returns the number of connections.
func (a *Arrivals) Len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.byConn)
}

// admit counts conn, once there is room for it. It returns false if closed ends the wait.
func (a *Arrivals) admit(conn net.Conn, closed <-chan struct{}) bool {
	const patience = 5 * time.Millisecond // the end of a grace period is not signaled
	for {
		entered, victim := a.enter(conn)
		if entered {
			return true
		}
		if victim != nil {
			a.crowded.warn()
			victim.Displace()
			continue
		}
		select {
		case <-a.freed:
		case <-time.After(patience):
		case <-closed:
			return false
		}
	}
}

// enter counts conn if there is room. Otherwise it may return a connection to displace.
func (a *Arrivals) enter(conn net.Conn) (entered bool, victim ws.Guest) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case len(a.byConn) >= a.limits.Plain:
		// Connections that were just cut may still hold their descriptors: wait for them.
		if a.plain.Len() >= a.limits.Plain {
			one, found := a.plain.Oldest(func(one *arrival, held int) network.Choice { return one.Displaceable(a.grace(held)) })
			if found {
				victim = one
			}
		}
		return false, victim
	case a.guests.Len() >= a.limits.Unauthenticated:
		return false, a.oldestGuest()
	}
	one := &arrival{by: a, conn: conn, accepted: time.Now(), state: http.StateNew}
	one.moved.Store(one.accepted.UnixNano())
	a.joins(one, a.peer(conn))
	a.byConn[conn] = one
	if !a.watching {
		a.watching = true
		time.AfterFunc(a.times.Look, a.look)
	}
	return true, nil
}

// joins counts a connection for a network. The caller holds mu.
func (a *Arrivals) joins(one *arrival, from network.Network) {
	one.from = from
	a.plain.Join(&one.plain, one, from)
	a.guests.Join(&one.guest, one, from)
}

// leaves undoes joins. The caller holds mu.
func (a *Arrivals) leaves(one *arrival) {
	a.plain.Leave(&one.plain)
	a.guests.Leave(&one.guest)
}

// cut closes a connection. The caller holds mu.
func (a *Arrivals) cut(one *arrival) {
	one.left = true
	a.leaves(one)
	if one.state == http.StateActive {
		// After an answer, net/http may sleep for half a second before it notices. And the system keeps unread data for
		// minutes, unless the connection is reset; on a Unix socket, the peer keeps it.
		delete(a.byConn, one.conn)
		if tcp, ok := one.conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
	}
	one.conn.Close()
}

// look closes the connections that are overdue.
func (a *Arrivals) look() {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for _, one := range a.byConn {
		if !one.left && a.overdue(one, now) {
			a.cut(one)
		}
	}
	if a.watching = a.plain.Len() > 0; a.watching {
		time.AfterFunc(a.times.Look, a.look)
	}
}

// overdue reports whether a connection has exceeded its time. The caller holds mu.
func (a *Arrivals) overdue(one *arrival, now time.Time) bool {
	if one.state == http.StateActive {
		return one.still(now) >= a.times.Answer
	}
	return now.Sub(one.accepted) >= a.times.Arrive
}

// still returns how long the connection has made no progress.
func (one *arrival) still(now time.Time) time.Duration {
	return time.Duration(now.UnixNano() - one.moved.Load())
}

// note is the ConnState of an http.Server.
func (a *Arrivals) note(conn net.Conn, state http.ConnState) {
	conn = bare(conn)
	a.mu.Lock()
	defer a.mu.Unlock()
	one := a.byConn[conn]
	if one == nil {
		return // it was cut
	}
	now := time.Now()
	one.state = state
	one.served = one.served || state == http.StateIdle
	one.moved.Store(now.UnixNano())
	switch {
	case state == http.StateHijacked || state == http.StateClosed:
		one.left = true
		a.leaves(one)
		delete(a.byConn, conn)
		select {
		case a.freed <- struct{}{}:
		default: // one signal is enough to look again
		}
	case state == http.StateIdle && !one.left && a.overdue(one, now):
		a.cut(one)
	}
}

// find returns the arrival of conn, nil if there is none.
func (a *Arrivals) find(conn net.Conn) *arrival {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.byConn[bare(conn)]
}

// bare returns the connection below TLS: closing that one never waits for the peer.
func bare(conn net.Conn) net.Conn {
	if secure, ok := conn.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return conn
}
