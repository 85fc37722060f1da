//go:build !linux

package server

import (
	"net"
	"time"
)

// unread is not available on this system.
func unread(net.Conn) bool { return false }

// takeWithin does nothing on this system.
func takeWithin(net.Conn, time.Duration) {}
