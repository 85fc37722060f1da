package server_test

import (
	"crypto/tls"
	"net"
	"time"
)

// tcp returns the TCP connection, below TLS if there is any.
func (p *person) tcp() *net.TCPConn {
	nc := p.ws.NetConn()
	if secure, ok := nc.(*tls.Conn); ok {
		nc = secure.NetConn()
	}
	return nc.(*net.TCPConn)
}

func (p *person) raw(b []byte) {
	p.t.Helper()
	must(p.t, p.ws.NetConn().SetWriteDeadline(time.Time{})) // gorilla leaves the deadline of its last pong
	_, err := p.ws.NetConn().Write(b)
	must(p.t, err)
}

// mute makes p answer no ping: a pong would set a deadline for its writes, and could end up in the middle of a frame.
func (p *person) mute() { p.ws.SetPingHandler(func(string) error { return nil }) }
