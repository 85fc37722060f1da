package server

import (
	"container/list"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Times bound a connection that is not upgraded. Together they are what the longest of them takes: it is gone 20 s after
// its accept, unless a long answer moves.
type Times struct {
	Arrive time.Duration // from the accept to the whole header of the last request: handshakes, and waits between requests, are in it
	Reuse  time.Duration // an answer that is begun later than that is the last on its connection
	Answer time.Duration // within that an answer moves: all of it leaves, or the next 32 KiB of a file
	Look   time.Duration // how often the two above are checked
	Grace  time.Duration // how long a connection is safe from the arrival of others
}

// DefaultTimes are those of a server on the Internet.
var DefaultTimes = Times{
	Arrive: 10 * time.Second,
	Reuse:  5 * time.Second,
	Answer: 5 * time.Second,
	Look:   time.Second,
	Grace:  500 * time.Millisecond, // a round trip around the world, or of a phone: the request follows the handshake
}

// Arrivals are the connections of a listener that are not upgraded, from their accept on. Each has a time in which it
// must be gone. At most a limit are there at once: beyond it the oldest that keeps the server waiting makes room for the
// next, so that connections without a request never keep clients out. An upgraded connection costs nothing here.
type Arrivals struct {
	times   Times
	failed  *rareWarning  // accept
	crowded *rareWarning  // one was closed for another
	freed   chan struct{} // buffer 1; sent when one has left; never closed

	mu       sync.Mutex
	limit    int
	order    list.List // of *arrival, by their accept; without those that were cut
	byConn   map[net.Conn]*arrival
	watching bool // a timer will call look
}

// arrival is one connection that is not upgraded.
type arrival struct {
	conn     net.Conn // of the system: below TLS
	place    *list.Element
	accepted time.Time
	moved    atomic.Int64 // unix nanoseconds at which the state changed, or a part of a long answer left

	// owned by the goroutine that serves it
	asked     int  // requests
	forgetful bool // the system drops an answer that is not taken

	// guarded by the mu of Arrivals
	state  http.ConnState
	served bool // a request was answered
}

// NewArrivals returns Arrivals of which limit may be there at once.
func NewArrivals(limit int, times Times, log *slog.Logger) *Arrivals {
	return &Arrivals{
		times:   times,
		failed:  &rareWarning{log: log, message: "accept failed, retrying"},
		crowded: &rareWarning{log: log, message: "accept closed the oldest of too many connections that were not upgraded"},
		freed:   make(chan struct{}, 1),
		limit:   max(limit, 1),
		byConn:  map[net.Conn]*arrival{},
	}
}

// Resize changes how many may be there at once.
func (a *Arrivals) Resize(limit int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit = max(limit, 1)
}

// Len returns how many are there.
func (a *Arrivals) Len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.byConn)
}

// admit counts conn, once there is room for it. It returns false if closed ends the wait.
func (a *Arrivals) admit(conn net.Conn, closed <-chan struct{}) bool {
	const patience = 5 * time.Millisecond // a grace may end without a word
	for {
		entered, crowded := a.enter(conn)
		if crowded {
			a.crowded.warn()
		}
		if entered {
			return true
		}
		select {
		case <-a.freed:
		case <-time.After(patience):
		case <-closed:
			return false
		}
	}
}

// enter counts conn if there is room, and otherwise makes room: then it reports crowded.
func (a *Arrivals) enter(conn net.Conn) (entered, crowded bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.byConn) >= a.limit {
		// Those that were cut a moment ago may still hold their descriptors: they are waited for.
		crowded = a.order.Len() >= a.limit && a.cutOldest()
		if len(a.byConn) >= a.limit {
			return false, crowded
		}
	}
	one := &arrival{conn: conn, accepted: time.Now(), state: http.StateNew}
	one.moved.Store(one.accepted.UnixNano())
	one.place = a.order.PushBack(one)
	a.byConn[conn] = one
	if !a.watching {
		a.watching = true
		time.AfterFunc(a.times.Look, a.look)
	}
	return true, crowded
}

// relieve gives a descriptor back, if one can be spared.
func (a *Arrivals) relieve() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cutOldest()
}

// cutOldest closes the oldest connection that the server owes nothing. The order is that of accept, which an answered
// request does not change: asking for /healthz in a loop is not a way to stay. The caller holds mu.
func (a *Arrivals) cutOldest() bool {
	now := time.Now()
	for e := a.order.Front(); e != nil; e = e.Next() {
		one := e.Value.(*arrival)
		if now.Sub(one.accepted) < a.times.Grace {
			return false // and so are those behind it
		}
		if !a.owed(one, now) {
			a.cut(one)
			return true
		}
	}
	return false
}

// owed reports whether the server, and not the peer, is late with the first answer: a crowd that comes back after a
// restart is served in its order, and none of it is closed. The caller holds mu.
func (a *Arrivals) owed(one *arrival, now time.Time) bool {
	switch {
	case one.served:
		return false
	case one.state == http.StateActive:
		return one.still(now) < a.times.Grace
	}
	return unread(one.conn)
}

// cut closes a connection. The caller holds mu.
func (a *Arrivals) cut(one *arrival) {
	a.order.Remove(one.place)
	if one.state == http.StateActive {
		// net/http may sleep for half a second after an answer, before it notices. And what is not read stays with the system
		// for minutes, unless the connection is reset.
		delete(a.byConn, one.conn)
		if tcp, ok := one.conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
	}
	one.conn.Close()
}

// look closes the connections whose time is up.
func (a *Arrivals) look() {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for e := a.order.Front(); e != nil; {
		one := e.Value.(*arrival)
		e = e.Next()
		if a.overdue(one, now) {
			a.cut(one)
		}
	}
	if a.watching = a.order.Len() > 0; a.watching {
		time.AfterFunc(a.times.Look, a.look)
	}
}

// overdue reports whether the time of a connection is up. The caller holds mu.
func (a *Arrivals) overdue(one *arrival, now time.Time) bool {
	if one.state == http.StateActive {
		return one.still(now) >= a.times.Answer
	}
	return now.Sub(one.accepted) >= a.times.Arrive
}

// still is how long nothing has moved.
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
		a.order.Remove(one.place)
		delete(a.byConn, conn)
		select {
		case a.freed <- struct{}{}:
		default: // one is enough to look again
		}
	case state == http.StateIdle && a.overdue(one, now):
		a.cut(one)
	}
}

// find returns the arrival that conn is, nil if it is none.
func (a *Arrivals) find(conn net.Conn) *arrival {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.byConn[bare(conn)]
}

// bare is the connection below TLS: closing that one never waits for the peer.
func bare(conn net.Conn) net.Conn {
	if secure, ok := conn.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return conn
}
