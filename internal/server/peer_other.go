//go:build !linux

package server

import (
	"net"
	"time"
)

// unread is not known here.
func unread(net.Conn) bool { return false }

// takeWithin is not done here.
func takeWithin(net.Conn, time.Duration) {}
