package sockets

import (
	"crypto/tls"
	"net"
	"time"

	"chatme/internal/testbed"
)

// TCP returns the TCP connection, below TLS if there is any.
func (p *Person) TCP() *net.TCPConn {
	nc := p.Socket.NetConn()
	if secure, ok := nc.(*tls.Conn); ok {
		nc = secure.NetConn()
	}
	return nc.(*net.TCPConn)
}

func (p *Person) Raw(b []byte) {
	p.T.Helper()
	testbed.Must(p.T, p.Socket.NetConn().SetWriteDeadline(time.Time{})) // gorilla leaves the deadline of its last pong
	_, err := p.Socket.NetConn().Write(b)
	testbed.Must(p.T, err)
}

// Mute makes p answer no ping: a pong would set a deadline for its writes, and could end up in the middle of a frame.
func (p *Person) Mute() { p.Socket.SetPingHandler(func(string) error { return nil }) }
