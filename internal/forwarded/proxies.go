package forwarded

import (
	"fmt"
	"iter"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Proxies holds the networks whose X-Forwarded-For is trusted.
type Proxies []netip.Prefix

// Parse reads networks in CIDR notation.
func Parse(networks []string) (Proxies, error) {
	var p Proxies
	for _, network := range networks {
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			return nil, fmt.Errorf("forwarded: trusted proxy: %w", err)
		}
		p = append(p, prefix)
	}
	return p, nil
}

// Trust reports whether X-Forwarded-For of a request from addr is trusted.
func (p Proxies) Trust(addr netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(addr) })
}

// Client returns the client address of a request. It starts at the peer and, as long as the address is a trusted proxy,
// moves to the next address in X-Forwarded-For, from right to left. If a proxy names no valid address, the proxy's own
// address counts, because any client can have sent what is further left. A peer on a Unix socket is a trusted proxy without
// an address. Without a peer address Client returns the zero Addr.
func (p Proxies) Client(r *http.Request) netip.Addr {
	addr, trusted := p.Peer(r)
	if !addr.IsValid() && !trusted {
		return netip.Addr{}
	}
	for hop := range hops(r) {
		if !trusted || !hop.IsValid() {
			return addr
		}
		addr, trusted = hop, p.Trust(hop)
	}
	return addr
}

// Peer returns the address that a request came from, the zero Addr if there is none, and whether its X-Forwarded-For is
// trusted.
func (p Proxies) Peer(r *http.Request) (addr netip.Addr, trusted bool) {
	if Local(r) {
		return netip.Addr{}, true
	}
	addr, ok := parseHop(r.RemoteAddr)
	if !ok {
		return netip.Addr{}, false
	}
	return addr, p.Trust(addr)
}

// Local reports whether a request came over a Unix socket, which admits only those proxies that its mode and group let in.
// It looks at the server's end, because a peer chooses the name of its own.
func Local(r *http.Request) bool {
	here, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && here.Network() == "unix"
}

// Chain returns the addresses in X-Forwarded-For, nearest first. An invalid address is the zero Addr.
func Chain(r *http.Request) []netip.Addr { return slices.Collect(hops(r)) }

// hops yields the addresses in X-Forwarded-For from right to left, the zero Addr for an invalid one.
func hops(r *http.Request) iter.Seq[netip.Addr] {
	return func(yield func(netip.Addr) bool) {
		for _, line := range slices.Backward(r.Header["X-Forwarded-For"]) {
			for line != "" {
				last := strings.LastIndexByte(line, ',')
				text := strings.Trim(line[last+1:], " \t")
				line = line[:max(last, 0)]
				if text == "" {
					continue
				}
				hop, ok := parseHop(text)
				if !ok {
					hop = netip.Addr{}
				}
				if !yield(hop) {
					return
				}
			}
		}
	}
}

// parseHop reads an address as proxies write it, with or without a port, brackets (RFC 3986, section 3.2.2) or quotes,
// which belong in Forwarded (RFC 7239, section 6) but also occur here. It unmaps an IPv4 address in IPv6 and drops a zone,
// so that a trusted address has only one form.
func parseHop(text string) (netip.Addr, bool) {
	if len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
		text = strings.Trim(text[1:len(text)-1], " \t")
	}
	host, port, hasPort := text, "", false
	if inner, bracketed := strings.CutPrefix(text, "["); bracketed {
		var after string
		if host, after, bracketed = strings.Cut(inner, "]"); !bracketed {
			return netip.Addr{}, false
		}
		if port, hasPort = strings.CutPrefix(after, ":"); !hasPort && after != "" {
			return netip.Addr{}, false
		}
	} else if strings.Count(text, ":") == 1 {
		host, port, hasPort = strings.Cut(text, ":")
	}
	if _, err := strconv.ParseUint(port, 10, 16); hasPort && err != nil {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(host)
	return addr.Unmap().WithZone(""), err == nil
}
