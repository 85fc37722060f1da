package server

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// unread reports whether data has arrived on conn that was not read: then the server is late, and not the peer.
func unread(conn net.Conn) bool {
	n := 0
	control(conn, func(fd int) { n, _ = unix.IoctlGetInt(fd, unix.SIOCINQ) })
	return n > 0
}

// takeWithin makes the system end conn if its peer takes none of the sent data for the duration d, even after the close;
// 0 selects the system's default. It sets TCP_USER_TIMEOUT of tcp(7). On a Unix socket, sent data belongs to the peer, and goes
// with the peer's descriptor.
func takeWithin(conn net.Conn, d time.Duration) {
	if _, ok := conn.(*net.TCPConn); !ok {
		return
	}
	control(conn, func(fd int) { unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds())) })
}

func control(conn net.Conn, act func(fd int)) {
	its, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := its.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { act(int(fd)) })
	}
}
