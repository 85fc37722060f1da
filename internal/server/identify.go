package server

import (
	"net"
	"net/http"

	"chatme/internal/network"
)

// Identifier tells the network of a client.
type Identifier interface {
	// Peer returns the network of a connection before its first request; unknown if a proxy may be the peer.
	Peer(net.Addr) network.Network
	// Client returns the network of the client that sent a request.
	Client(*http.Request) network.Network
}

// Identify makes a count connections by network; without it, all are of unknown networks. It must be called before the
// first connection.
func (a *Arrivals) Identify(by Identifier) { a.identify = by }

// Accepted returns how many connections from holds.
func (a *Arrivals) Accepted(from network.Network) network.Counts { return a.plain.Counts(from) }

// Peer implements Identifier.
func (s *Server) Peer(addr net.Addr) network.Network {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return network.Network{}
	}
	peer := tcp.AddrPort().Addr().Unmap().WithZone("")
	if s.surface.Load().proxies.Trust(peer) {
		return network.Network{}
	}
	return network.Of(peer)
}

// Client implements Identifier.
func (s *Server) Client(r *http.Request) network.Network {
	return network.Of(s.surface.Load().proxies.Client(r))
}

// peer returns the network of a connection before its first request.
func (a *Arrivals) peer(conn net.Conn) network.Network {
	if a.identify == nil {
		return network.Network{}
	}
	return a.identify.Peer(conn.RemoteAddr())
}

// moves counts a connection for another network: its first request has named the client.
func (a *Arrivals) moves(one *arrival, r *http.Request) {
	if a.identify == nil {
		return
	}
	from := a.identify.Client(r)
	a.mu.Lock()
	defer a.mu.Unlock()
	if from == one.from || one.left {
		return
	}
	a.leaves(one)
	a.joins(one, from)
}
