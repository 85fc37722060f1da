package ws

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// socket is the net.Conn under gorilla. A byte that is read counts as life. A write does not block, where the system
// can do that: what it does not take at once stays in rest, behind which everything stands until flush has written it.
type socket struct {
	net.Conn
	by   *Conn
	raw  syscall.RawConn // nil: writes block, and the socket cannot be parked (TLS)
	gone atomic.Bool     // shut: whatever still comes is not read

	mu       sync.Mutex
	rest     []byte // guarded by mu
	flushing bool   // guarded by mu; what flush took from rest is on its way
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
	c.socket.Conn, c.socket.by, c.socket.raw = nc, c, rawConn(nc)
	if c.closed {
		nc.Close()
	}
	return &c.socket, rw, nil
}

// Read notes a sign of life. Only the first read of a turn is sure to find something.
func (s *socket) Read(p []byte) (int, error) {
	s.by.aboutToRead()
	n, err := s.Conn.Read(p)
	if s.gone.Load() {
		return 0, net.ErrClosed
	}
	if n > 0 {
		s.by.seen.Store(s.by.e.patrol.now.Load())
	}
	return n, err
}

func (s *socket) Write(p []byte) (int, error) {
	if s.raw == nil {
		return s.Conn.Write(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	if len(s.rest) == 0 && !s.flushing {
		var err error
		if n, err = writeOnce(s.raw, p); err != nil {
			return n, err
		}
	}
	if n < len(p) {
		s.rest = append(s.rest, p[n:]...)
	}
	return len(p), nil
}

// SetWriteDeadline is for writes that block.
func (s *socket) SetWriteDeadline(t time.Time) error {
	if s.raw == nil {
		return s.Conn.SetWriteDeadline(t)
	}
	return nil
}

// full says whether there is something for flush.
func (s *socket) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rest) > 0
}

// flush writes what the system has not taken yet, and blocks until it does. One goroutine at a time may call it.
func (s *socket) flush(by time.Time) error {
	if !s.full() {
		return nil
	}
	s.Conn.SetWriteDeadline(by)
	for {
		s.mu.Lock()
		rest := s.rest
		s.rest, s.flushing = nil, len(rest) > 0
		s.mu.Unlock()
		if len(rest) == 0 {
			return s.Conn.SetWriteDeadline(time.Time{}) // one that is over would refuse a write that does not block
		}
		if _, err := s.Conn.Write(rest); err != nil {
			return err
		}
	}
}

// shut ends the socket in both directions, so that who reads or waits for it sees its end; Close is for the reader.
func (s *socket) shut() {
	s.gone.Store(true)
	switch nc := s.Conn.(type) {
	case nil:
	case *net.TCPConn:
		nc.CloseRead() // an error says that it is gone
		nc.CloseWrite()
	default:
		nc.Close()
	}
}
