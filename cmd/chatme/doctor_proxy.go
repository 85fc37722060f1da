package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/gorilla/websocket"
)

const (
	// doctorSockets is how many sockets doctor opens to see from where they arrive at the server.
	doctorSockets = 4
	// seenSockets is how many of them must be new: a proxy sends some over connections that it has kept.
	seenSockets = 2
)

// proxies is whether the server believes the proxy that the public address leads through: otherwise every client looks
// like one address to it. The kernel shows from where sockets arrive, if the server is on this machine.
func (d *doctor) proxies(to deployment) {
	const how = "run this on the server's machine; a proxy must send X-Forwarded-For and be in CHATME_TRUSTED_PROXIES"
	before := d.arrivals()
	own := map[netip.AddrPort]bool{}
	for range doctorSockets {
		ctx, cancel := context.WithTimeout(d.ctx, d.cmd.Timeout)
		socket, _, err := websocket.DefaultDialer.DialContext(ctx, to.socket(), nil)
		cancel()
		if err != nil {
			d.unchecked("proxy", err.Error(), how)
			return
		}
		defer socket.Close()
		if addr, err := netip.ParseAddrPort(socket.NetConn().LocalAddr().String()); err == nil {
			own[netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())] = true
		}
	}
	from, direct := arrived(before, d.arrivals(), own)
	switch {
	case direct:
		d.ok("proxy", "none: clients reach the server directly")
	case !from.IsValid():
		d.unchecked("proxy", "the server is not on this machine, so from where its clients arrive is not seen", how)
	case !d.trusts(from):
		d.problem("proxy", fmt.Sprintf("clients arrive through %s, which the server does not believe: all of them look like that one address", from),
			fmt.Sprintf("add %s/%d to CHATME_TRUSTED_PROXIES", from, from.BitLen()))
	default:
		d.ok("proxy", `clients arrive through %s, which is believed; it must send X-Forwarded-For (nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;)`, from)
	}
}

// arrivals are the remote ends of the sockets at the server's port.
func (d *doctor) arrivals() map[netip.AddrPort]bool {
	_, text, _ := net.SplitHostPort(d.cfg.Addr)
	port, err := net.LookupPort("tcp", text)
	if err != nil {
		return nil
	}
	all := map[netip.AddrPort]bool{}
	rows, _ := tcpSockets()
	for _, row := range rows {
		if row.state == tcpEstablished && int(row.local.Port()) == port {
			all[row.remote] = true
		}
	}
	return all
}

// arrived is the address from which most sockets are new, or whether these are our own.
func arrived(before, after, own map[netip.AddrPort]bool) (from netip.Addr, direct bool) {
	fresh := map[netip.Addr]int{}
	for remote := range after {
		if before[remote] {
			continue
		}
		if own[remote] {
			return netip.Addr{}, true
		}
		fresh[remote.Addr()]++
	}
	most := seenSockets - 1
	for addr, n := range fresh {
		if n > most {
			from, most = addr, n
		}
	}
	return from, false
}
