package ws

import (
	"crypto/tls"
	"syscall"

	"golang.org/x/sys/unix"
)

// unread reports whether the system has data of the peer that was not read.
func (s *socket) unread() bool {
	n := 0
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		if s.fd >= 0 {
			n, _ = unix.IoctlGetInt(int(s.fd), unix.SIOCINQ)
		}
		return n > 0
	}
	under := s.conn
	if secure, ok := under.(*tls.Conn); ok {
		under = secure.NetConn()
	}
	if its, ok := under.(syscall.Conn); ok {
		if raw, err := its.SyscallConn(); err == nil {
			raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.SIOCINQ) })
		}
	}
	return n > 0
}
