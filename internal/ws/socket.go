package ws

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// socket is the net.Conn under gorilla. Where possible it is a bare descriptor: Go's own connection costs a third of the
// total cost of an idle socket. It needs no second descriptor: a read that has to wait, and the rest of a write that the
// system did not take at once, wait in a waiter of the Endpoint.
//
// Otherwise (TLS, other systems) it is the connection that the HTTP server had; its writes block.
type socket struct {
	conn  net.Conn // nil: a bare descriptor
	by    *Conn
	ready <-chan struct{} // owned by the reader: Endpoint.reads watches the descriptor for it; nil: it does not

	gone atomic.Bool // shut: further input is not read

	mu       sync.Mutex
	fd       int32  // guarded by mu, but its reader may read it; -1 once closed
	flushing bool   // guarded by mu; Endpoint.writes watches the descriptor for flush
	rest     []byte // guarded by mu; written by gorilla and not yet taken by the system; everything else waits behind it
}

// hijacker gives gorilla the socket, and a reader with a borrowed buffer.
type hijacker struct {
	http.ResponseWriter
	conn *Conn
}

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	hj, ok := h.ResponseWriter.(http.Hijacker)
	if !ok {
		return nil, nil, errors.New("the connection cannot be taken over")
	}
	nc, rw, err := hj.Hijack()
	if err != nil {
		return nil, nil, err
	}
	c := h.conn
	if rw.Reader.Buffered() == 0 { // otherwise gorilla refuses it
		c.borrow()
		rw.Reader = &c.reader
	}
	c.mu.Lock()
	defer c.mu.Unlock() // a shutdown may cut the Conn during its handshake
	c.socket.takeOver(nc)
	if c.closed {
		c.socket.shut()
	}
	return &c.socket, rw, nil
}

// takeOver makes s replace nc.
func (s *socket) takeOver(nc net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd = bare(nc); s.fd < 0 {
		s.conn = nc
	} else if bytes := s.by.e.cfg.SocketBuffer; bytes > 0 {
		limitBuffers(s.fd, bytes)
	}
}

// isBare reports whether writes do not block, and the socket can be parked.
func (s *socket) isBare() bool { return s.conn == nil }

// Read records a sign of life, and the first byte of a frame: its deadline starts then.
func (s *socket) Read(p []byte) (n int, err error) {
	if s.isBare() {
		n, err = s.readBare(p)
	} else {
		n, err = s.conn.Read(p)
	}
	if s.gone.Load() {
		return 0, net.ErrClosed
	}
	if n > 0 {
		now := s.by.e.keepalive.now.Load()
		s.by.seen.Store(now)
		if s.by.progress.Load() == 0 {
			s.by.progress.Store(now)
		}
		s.by.heardFrom()
	}
	return n, err
}

// readBare reads the available data, and waits in its own goroutine while there is none.
func (s *socket) readBare(p []byte) (int, error) {
	for {
		n, err := readNow(s.fd, p)
		if err != errWouldBlock {
			return n, err
		}
		if s.ready == nil {
			s.by.ownGoroutine()
			if s.ready, err = s.by.e.reads.watch(s.fd); err != nil {
				return 0, err
			}
		}
		if _, open := <-s.ready; !open {
			return 0, net.ErrClosed
		}
	}
}

// rests ends the waiting of the reader.
func (s *socket) rests() {
	if s.ready != nil {
		s.by.e.reads.drop(s.fd)
		s.ready = nil
	}
}

func (s *socket) Write(p []byte) (int, error) {
	if !s.isBare() {
		defer s.blocks()()
		return s.conn.Write(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		return 0, net.ErrClosed
	}
	n := 0
	if len(s.rest) == 0 {
		var err error
		if n, err = writeNow(s.fd, p); err != nil && err != errWouldBlock {
			return n, err
		}
	}
	if n < len(p) {
		s.rest = append(s.rest, p[n:]...)
	}
	return len(p), nil
}

// full reports whether there is something for flush.
func (s *socket) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rest) > 0
}

// blocks records that a write may block from now until done is called: the keepalive cuts the socket if that takes too
// long.
func (s *socket) blocks() (done func()) {
	s.by.blocked.Store(s.by.e.keepalive.now.Load())
	return func() { s.by.blocked.Store(0) }
}

// flush writes what the system has not taken yet, and blocks until it does. One goroutine at a time may call it.
func (s *socket) flush() error {
	if !s.full() {
		return nil
	}
	defer s.blocks()()
	var room <-chan struct{}
	for {
		done, err := s.push(&room)
		if done || err != nil {
			return err
		}
		if _, open := <-room; !open {
			return net.ErrClosed
		}
	}
}

// push writes as much of rest as the system takes and reports whether that was all of it. If not, *room then signals
// when there is more room.
func (s *socket) push(room *<-chan struct{}) (done bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		return false, net.ErrClosed
	}
	defer func() {
		if (done || err != nil) && s.flushing {
			s.by.e.writes.drop(s.fd)
			s.flushing = false
		}
	}()
	for len(s.rest) > 0 {
		n, err := writeNow(s.fd, s.rest)
		s.rest = s.rest[n:]
		switch {
		case err == errWouldBlock && *room == nil:
			if *room, err = s.by.e.writes.watch(s.fd); err != nil {
				return false, err
			}
			s.flushing = true
			return false, nil
		case err == errWouldBlock:
			return false, nil
		case err != nil:
			return false, err
		}
	}
	s.rest = nil
	return true, nil
}

// shut ends the socket in both directions, so that its reader, or a goroutine that waits for it, sees its end. Close is
// for the reader.
func (s *socket) shut() {
	s.gone.Store(true)
	if s.conn != nil {
		under := s.conn
		if secure, ok := under.(*tls.Conn); ok {
			under = secure.NetConn() // TLS would send a close_notify, and wait for a peer that does not read
		}
		under.Close()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd >= 0 {
		shutNow(s.fd)
	}
}

// Close implements net.Conn. No goroutine may read any more.
func (s *socket) Close() error {
	s.rests()
	if s.conn != nil {
		return s.conn.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flushing {
		s.by.e.writes.drop(s.fd)
		s.flushing = false
	}
	if s.fd >= 0 {
		closeNow(s.fd)
	}
	s.fd = -1
	return nil
}

// SetWriteDeadline is for writes that block.
func (s *socket) SetWriteDeadline(t time.Time) error {
	if s.conn == nil {
		return nil
	}
	return s.conn.SetWriteDeadline(t)
}

// SetReadDeadline and SetDeadline do not apply to a bare descriptor: the keepalive enforces its deadlines.
func (s *socket) SetReadDeadline(t time.Time) error {
	if s.conn == nil {
		return nil
	}
	return s.conn.SetReadDeadline(t)
}

func (s *socket) SetDeadline(t time.Time) error {
	if s.conn == nil {
		return nil
	}
	return s.conn.SetDeadline(t)
}

// LocalAddr and RemoteAddr return empty addresses: no code may learn an address from a socket.
func (s *socket) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (s *socket) RemoteAddr() net.Addr { return &net.TCPAddr{} }
