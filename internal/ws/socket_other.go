//go:build !unix

package ws

import (
	"net"
	"syscall"
)

// rawConn returns nil: writes block.
func rawConn(net.Conn) syscall.RawConn { return nil }

func writeOnce(syscall.RawConn, []byte) (int, error) { panic("ws: there is no raw connection") }
