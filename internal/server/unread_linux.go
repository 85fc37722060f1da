package server

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unread reports whether something has arrived on conn that was not read: then the server is late, and not the peer.
func unread(conn net.Conn) bool {
	its, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := its.SyscallConn()
	if err != nil {
		return false
	}
	n := 0
	raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.SIOCINQ) })
	return n > 0
}
