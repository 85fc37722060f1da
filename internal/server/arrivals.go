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

// Times bound a connection that is not upgraded. Their sum is its maximum lifetime: the connection is closed 20 s after
// its accept, unless a long answer makes progress.
type Times struct {
	Arrive time.Duration // from the accept to the complete header of the last request, including handshakes and waits between requests
	Reuse  time.Duration // an answer that begins later than this is the last on its connection
	Answer time.Duration // time in which an answer must make progress: all of it leaves, or the next 32 KiB of a file
	Look   time.Duration // how often the two above are checked
	Grace  time.Duration // how long a new connection is safe from being closed for another
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
// time. Their number is limited: beyond the limit the oldest that keeps the server waiting is closed for the next, so
// that connections without a request never keep clients out. An upgraded connection costs nothing here.
type Arrivals struct {
	times   Times
	failed  *rareWarning  // accept
	crowded *rareWarning  // one was closed for another
	freed   chan struct{} // buffer 1; sent when one has ended; never closed

	mu       sync.Mutex
	limit    int
	order    list.List // of *arrival, in order of accept; without those that were cut
	byConn   map[net.Conn]*arrival
	watching bool // a timer will call look
}

// arrival is one connection that is not upgraded.
type arrival struct {
	conn     net.Conn // the system's: below TLS
	place    *list.Element
	accepted time.Time
	moved    atomic.Int64 // unix nanoseconds at which the state changed, or a part of a long answer left

	// owned by the goroutine that serves the connection
	asked     int  // requests
	forgetful bool // the system drops an answer that the peer does not take

	// guarded by the mu of Arrivals
	state  http.ConnState
	served bool // a request was answered
}

// NewArrivals returns Arrivals with at most limit connections.
func NewArrivals(limit int, times Times, log *slog.Logger) *Arrivals {
	return &Arrivals{
		times:   times,
		failed:  &rareWarning{log: log, message: "accept failed, retrying"},
		crowded: &rareWarning{log: log, message: "too many connections that were not upgraded, closed the oldest"},
		freed:   make(chan struct{}, 1),
		limit:   max(limit, 1),
		byConn:  map[net.Conn]*arrival{},
	}
}

// Resize changes the limit.
func (a *Arrivals) Resize(limit int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit = max(limit, 1)
}

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

// enter counts conn if there is room. Otherwise it makes room and reports crowded.
func (a *Arrivals) enter(conn net.Conn) (entered, crowded bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.byConn) >= a.limit {
		// Connections that were just cut may still hold their descriptors: wait for them.
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

// relieve frees a descriptor, if one can be spared.
func (a *Arrivals) relieve() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cutOldest()
}

// cutOldest closes the oldest connection to which the server owes no answer. The order is that of accept, which an
// answered request does not change: requesting /healthz in a loop does not keep a connection open. The caller holds mu.
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

// owed reports whether the server, and not the peer, is late with the first answer: a crowd that reconnects after a
// restart is served in order, and none of its connections is closed. The caller holds mu.
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
		a.order.Remove(one.place)
		delete(a.byConn, conn)
		select {
		case a.freed <- struct{}{}:
		default: // one signal is enough to look again
		}
	case state == http.StateIdle && a.overdue(one, now):
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
