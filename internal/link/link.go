// Package link simulates a bad link between a client and a server: slow, narrow, dark or cut.
package link

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Link is a slow line to the server: a proxy on its own address, which keeps the order of bytes and passes on how TCP
// connections end: it passes on a half-close as a half-close, and a reset on one side as a reset on the other.
type Link struct {
	// static after New
	listener  net.Listener
	dialer    net.Dialer
	to        string
	delay     time.Duration   // each way
	rate      int             // bytes a second each way; 0: unlimited
	unlimited <-chan struct{} // closed when the rate no longer applies

	carrying sync.WaitGroup
	mu       sync.Mutex
	wires    map[*wire]bool // unbroken wires; guarded by mu; nil once the link is closed
}

// wire is one connection through a link.
type wire struct {
	link           *Link
	client, server *net.TCPConn
	broken         chan struct{} // closed once the wire is broken
	once           sync.Once     // closes broken
	dark           atomic.Bool   // nothing passes any more, and neither side is notified
}

const (
	// parcelSize and parcelsUnderWay bound the data in transit in one direction.
	parcelSize      = 8 << 10
	parcelsUnderWay = 32
)

// parcel is data in transit: some bytes, or none, which ends a direction.
type parcel struct {
	data []byte
	due  time.Time
}

// New listens on the address local, or on loopback if it is "", and dials to from there.
func New(local, to string, delay time.Duration, rate int, unlimited <-chan struct{}) (*Link, error) {
	l := &Link{to: to, delay: delay, rate: rate, unlimited: unlimited, wires: map[*wire]bool{}}
	if local == "" {
		local = "127.0.0.1"
	}
	l.dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(local)}
	var err error
	if l.listener, err = net.Listen("tcp", net.JoinHostPort(local, "0")); err != nil {
		return nil, err
	}
	l.carrying.Go(l.accept)
	return l, nil
}

func (l *Link) Addr() string { return l.listener.Addr().String() }

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return // closed
		}
		l.carrying.Go(func() { l.carry(client.(*net.TCPConn)) })
	}
}

// carry serves one connection until both its directions have ended or it is broken.
func (l *Link) carry(client *net.TCPConn) {
	server, err := l.dialer.DialContext(context.Background(), "tcp", l.to)
	if err != nil {
		reset(client)
		return
	}
	w := &wire{link: l, client: client, server: server.(*net.TCPConn), broken: make(chan struct{})}
	l.mu.Lock()
	closed := l.wires == nil
	if !closed {
		l.wires[w] = true
	}
	l.mu.Unlock()
	if closed {
		w.cut()
	}
	var both sync.WaitGroup
	both.Go(func() { w.pass(w.client, w.server) })
	both.Go(func() { w.pass(w.server, w.client) })
	both.Wait()
	if w.dark.Load() {
		<-w.broken
	}
	w.client.Close()
	w.server.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.wires, w)
}

// pass carries data from one side to the other, with the link's delay and rate.
func (w *wire) pass(from, to *net.TCPConn) {
	parcels := make(chan parcel, parcelsUnderWay)
	go w.take(from, parcels)
	for p := range parcels {
		if !w.awaits(time.Until(p.due)) {
			return
		}
		if w.dark.Load() {
			continue
		}
		if p.data == nil {
			_ = to.CloseWrite() // an error means that the other side has ended completely
			continue
		}
		if _, err := to.Write(p.data); err != nil {
			w.cut()
			return
		}
		if w.link.rate > 0 {
			w.hurries(time.Duration(len(p.data)) * time.Second / time.Duration(w.link.rate))
		}
	}
}

// take reads until the end.
func (w *wire) take(from *net.TCPConn, parcels chan<- parcel) {
	defer close(parcels)
	for {
		data := make([]byte, parcelSize)
		n, err := from.Read(data)
		p := parcel{data[:n], time.Now().Add(w.link.delay)}
		switch {
		case w.dark.Load():
			return
		case errors.Is(err, io.EOF):
			p.data = nil
		case err != nil:
			w.cut()
			return
		}
		select {
		case parcels <- p:
		case <-w.broken:
			return
		}
		if err != nil {
			return
		}
	}
}

// awaits waits for d and reports whether the wire is still whole.
func (w *wire) awaits(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-w.broken:
		return false
	}
}

// hurries waits for d unless the rate no longer applies.
func (w *wire) hurries(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.link.unlimited:
	case <-w.broken:
	}
}

// cut breaks both sides, as a reset does.
func (w *wire) cut() {
	w.once.Do(func() {
		close(w.broken)
		reset(w.client)
		reset(w.server)
	})
}

func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0) // then closing it is a reset
	conn.Close()
}

// Darken stops all traffic on the current connections without notifying either side. It returns a function that breaks them.
func (l *Link) Darken() (cut func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var dark []*wire
	for w := range l.wires {
		if !w.dark.Swap(true) {
			dark = append(dark, w)
		}
	}
	return func() {
		for _, w := range dark {
			w.cut()
		}
	}
}

// Close ends the link and all its connections.
func (l *Link) Close() {
	l.listener.Close()
	l.mu.Lock()
	wires := l.wires
	l.wires = nil
	l.mu.Unlock()
	for w := range wires {
		w.cut()
	}
	l.carrying.Wait()
}
