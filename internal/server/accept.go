package server

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// Pauses after a failed accept: the missing resource may be available at once, or only after an operator has intervened.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = time.Second
)

// acceptor is a listener that counts its connections and survives the errors of accept.
type acceptor struct {
	net.Listener
	arrivals *Arrivals
	close    func() error
	closed   chan struct{} // closed by close
}

// Listen returns inner with its connections counted. TLS belongs on top of it, so that handshakes are counted. The
// connections are inner's own: a socket that lives for hours has no wrapper.
func (a *Arrivals) Listen(inner net.Listener) net.Listener {
	l := &acceptor{Listener: inner, arrivals: a, closed: make(chan struct{})}
	l.close = sync.OnceValue(func() error {
		close(l.closed)
		return inner.Close()
	})
	return l
}

// Close implements net.Listener.
func (l *acceptor) Close() error { return l.close() }

// Accept implements net.Listener.
func (l *acceptor) Accept() (net.Conn, error) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		conn, err := l.Listener.Accept()
		switch {
		case err == nil && l.arrivals.admit(conn, l.closed):
			return conn, nil
		case err == nil:
			conn.Close()
			return nil, net.ErrClosed
		case hopeless(err):
			return nil, err
		}
		l.arrivals.failed.warn("error", err)
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
			l.arrivals.relieve()
		}
		select {
		case <-time.After(pause):
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
}

// hopeless reports whether accept will never work again: the listener itself is invalid or closed. All other errors are
// temporary: no descriptors, no memory, and network errors that accept(2) passes on.
func hopeless(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.EBADF) || errors.Is(err, syscall.EINVAL) ||
		errors.Is(err, syscall.ENOTSOCK) || errors.Is(err, syscall.EOPNOTSUPP)
}
