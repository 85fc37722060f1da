package ws

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// socket is the net.Conn under gorilla. Where it can it is a bare descriptor: Go's own connection costs a third of what
// an idle socket costs altogether. A read that has to wait, and what a write could not give to the system at once, go
// through an os.File that is made for that and closed after it.
//
// Otherwise (TLS, other systems) it is the connection that the HTTP server had; its writes block.
type socket struct {
	conn net.Conn // nil: a bare descriptor
	by   *Conn
	file *os.File // owned by the reader: the descriptor, to wait for it; nil while nobody does

	gone atomic.Bool // shut: whatever still comes is not read

	mu       sync.Mutex
	fd       int32  // guarded by mu, but its reader may read it; -1 once closed
	flushing bool   // guarded by mu; what flush took from rest is on its way
	rest     []byte // guarded by mu; written by gorilla and not yet taken by the system; everything stands behind it
}

// hijacker gives gorilla the socket, and a reader whose buffer is on loan.
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
	defer c.mu.Unlock() // a stop may cut the Conn while it shakes hands
	c.socket.takeOver(nc)
	if c.closed {
		c.socket.shut()
	}
	return &c.socket, rw, nil
}

// takeOver makes s what nc was.
func (s *socket) takeOver(nc net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd = bare(nc); s.fd < 0 {
		s.conn = nc
	}
}

// isBare says whether writes do not block, and the socket can be parked.
func (s *socket) isBare() bool { return s.conn == nil }

// Read notes a sign of life.
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
		s.by.seen.Store(s.by.e.patrol.now.Load())
		s.by.heardFrom()
	}
	return n, err
}

// readBare reads what is there, and waits in a goroutine of its own if that is nothing.
func (s *socket) readBare(p []byte) (int, error) {
	if s.file == nil {
		if n, err := readNow(s.fd, p); err != errWouldBlock {
			return n, err
		}
		s.by.ownGoroutine()
		if !s.by.e.budget.acquire(waitingCost, s.by.e.live.Load().StallTimeout) {
			s.by.stalled()
			return 0, errStalled
		}
		var err error
		if s.file, err = waitFor(s.fd); err != nil {
			s.by.e.budget.release(waitingCost)
			return 0, err
		}
	}
	return s.file.Read(p)
}

// waitingCost is what it takes to wait for the rest of a frame, in bytes: a goroutine and its buffers.
const waitingCost = 16 << 10

// rests ends the waiting of the reader.
func (s *socket) rests() {
	if s.file != nil {
		s.file.Close() // the descriptor in it is a copy
		s.file = nil
		s.by.e.budget.release(waitingCost)
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
	if len(s.rest) == 0 && !s.flushing {
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

// full says whether there is something for flush.
func (s *socket) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rest) > 0
}

// blocks notes that a write may block from now until done is called: the patrol cuts the socket if that takes too long.
func (s *socket) blocks() (done func()) {
	s.by.blocked.Store(s.by.e.patrol.now.Load())
	return func() { s.by.blocked.Store(0) }
}

// flush writes what the system has not taken yet, and blocks until it does. One goroutine at a time may call it.
func (s *socket) flush() error {
	if !s.full() {
		return nil
	}
	s.mu.Lock()
	if s.fd < 0 {
		s.mu.Unlock()
		return net.ErrClosed
	}
	file, err := waitFor(s.fd)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		s.mu.Lock()
		rest := s.rest
		s.rest, s.flushing = nil, len(rest) > 0
		s.mu.Unlock()
		if len(rest) == 0 {
			return nil
		}
		done := s.blocks()
		_, err := file.Write(rest)
		done()
		if err != nil {
			return err
		}
	}
}

// shut ends the socket in both directions, so that who reads or waits for it sees its end. Close is for the reader.
func (s *socket) shut() {
	s.gone.Store(true)
	if s.conn != nil {
		under := s.conn
		if secure, ok := under.(*tls.Conn); ok {
			under = secure.NetConn() // TLS would say goodbye, and wait for a peer that does not read
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

// Close implements net.Conn. Nobody may read any more.
func (s *socket) Close() error {
	s.rests()
	if s.conn != nil {
		return s.conn.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
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

// SetReadDeadline and SetDeadline are not for a bare descriptor: the patrol looks after it.
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

// LocalAddr and RemoteAddr have nothing to say: nobody may know an address.
func (s *socket) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (s *socket) RemoteAddr() net.Addr { return &net.TCPAddr{} }
