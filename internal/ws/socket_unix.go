//go:build unix

package ws

import (
	"errors"
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// rawConn returns what is under nc, nil if bytes do not go straight to the system.
func rawConn(nc net.Conn) syscall.RawConn {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// attempt is one write; it lives in a pool because the function that the system is called in would be made anew each
// time.
type attempt struct {
	p    []byte
	n    int
	err  error
	once func(fd uintptr) bool
}

var attempts = sync.Pool{New: func() any {
	a := &attempt{}
	a.once = func(fd uintptr) bool {
		for {
			a.n, a.err = unix.Write(int(fd), a.p)
			if a.err != unix.EINTR {
				return true // never wait
			}
		}
	}
	return a
}}

// writeOnce writes what the system takes now, which may be nothing.
func writeOnce(raw syscall.RawConn, p []byte) (int, error) {
	a := attempts.Get().(*attempt)
	a.p = p
	err := raw.Write(a.once)
	n, failed := max(a.n, 0), a.err
	a.p, a.n, a.err = nil, 0, nil
	attempts.Put(a)
	if err == nil && !errors.Is(failed, unix.EAGAIN) {
		err = failed
	}
	return n, err
}
