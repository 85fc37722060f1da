package sockets

import (
	"crypto/tls"
	"net"
	"time"

	"chatme/internal/testbed"
)

// Below returns the system's connection, below TLS if there is any.
func (p *Person) Below() interface {
	net.Conn
	SetReadBuffer(bytes int) error
} {
	switch nc := p.Socket.NetConn().(type) {
	case *tls.Conn:
		return nc.NetConn().(*net.TCPConn)
	case *net.UnixConn:
		return nc
	default:
		return nc.(*net.TCPConn)
	}
}

func (p *Person) Raw(b []byte) {
	p.T.Helper()
	testbed.Must(p.T, p.Socket.NetConn().SetWriteDeadline(time.Time{})) // gorilla leaves the deadline of its last pong
	_, err := p.Socket.NetConn().Write(b)
	testbed.Must(p.T, err)
}

// Mute makes p answer no ping: a pong would set a deadline for its writes, and could end up in the middle of a frame.
func (p *Person) Mute() { p.Socket.SetPingHandler(func(string) error { return nil }) }
