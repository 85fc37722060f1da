package doctor

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"chatme/internal/config"
	"chatme/internal/remote"
)

const (
	// Networks larger than these contain clients, not only proxies.
	widest4, widest6 = 8, 16

	// hintLoopback is for a server that could believe a Unix socket alone.
	hintLoopback = "any program on this machine can claim any client address through loopback: if your proxy uses %s, set CHATME_TRUSTED_PROXIES= (empty)"
)

// trusted returns the networks whose X-Forwarded-For the server trusts.
func (d *doctor) trusted() (networks []netip.Prefix, known bool) {
	texts := d.cfg.TrustedProxies
	if d.about != nil {
		texts = d.about.TrustedProxies
	} else if !d.known("CHATME_TRUSTED_PROXIES") {
		return nil, false
	}
	for _, text := range texts {
		if network, err := netip.ParsePrefix(text); err == nil {
			networks = append(networks, network.Masked())
		}
	}
	return networks, true
}

// trustedNetworks checks that only proxies can be in the trusted networks: anything else in them can claim any client address.
func (d *doctor) trustedNetworks() {
	networks, known := d.trusted()
	if !known {
		d.unsettled("trusted proxies")
		return
	}
	const remedy = "set CHATME_TRUSTED_PROXIES to the addresses of your proxies only; 127.0.0.0/8,::1/128 for proxies on this machine"
	good := true
	for _, network := range networks {
		switch {
		case private(network), network.IsSingleIP():
		case network.Bits() < widest4 && network.Addr().Is4(), network.Bits() < widest6 && network.Addr().Is6():
			d.problem("trusted proxies", fmt.Sprintf("CHATME_TRUSTED_PROXIES contains %s, which includes clients: each can claim any client address", network), remedy)
			good = false
		default:
			d.warning("trusted proxies", fmt.Sprintf("CHATME_TRUSTED_PROXIES contains %s, a public network: anyone in it can claim any client address", network),
				"ignore this if only your proxies are in it, as in the published networks of a CDN; otherwise "+remedy)
			good = false
		}
	}
	switch {
	case len(networks) == 0:
		d.ok("trusted proxies", "none: X-Forwarded-For is ignored")
	case good:
		hint := ""
		if addr, found := d.local(); found && d.trustsLoopback() {
			hint = "; " + fmt.Sprintf(hintLoopback, addr)
		}
		d.ok("trusted proxies", "only private networks or single addresses%s", hint)
	}
}

// privateNetworks contain no clients from the internet (RFC 1918, 4193, 6598, 3927, 4291, 6890).
var privateNetworks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"),
}

func private(network netip.Prefix) bool {
	return slices.ContainsFunc(privateNetworks, func(p netip.Prefix) bool {
		return p.Bits() <= network.Bits() && p.Contains(network.Addr())
	})
}

// trusts reports whether the server trusts X-Forwarded-For from addr.
func (d *doctor) trusts(addr netip.Addr) bool {
	networks, _ := d.trusted()
	return slices.ContainsFunc(networks, func(network netip.Prefix) bool { return network.Contains(addr.Unmap()) })
}

// developmentOrigins checks that no page of a development server may connect to a server that other machines can reach.
func (d *doctor) developmentOrigins() {
	origins := d.cfg.AllowedOrigins
	if d.about != nil {
		origins = d.about.AllowedOrigins
	} else if !d.known("ALLOWED_ORIGINS") {
		d.unsettled("origins")
		return
	}
	var local []string
	for _, origin := range origins {
		if development(origin) {
			local = append(local, origin)
		}
	}
	if where, public := d.public(); public && len(local) > 0 {
		d.warning("origins", fmt.Sprintf("the server is reachable from other machines (%s), and ALLOWED_ORIGINS contains %s: a page that any program serves there, on a visitor's machine, may connect",
			where, someOf(local)), "set ALLOWED_ORIGINS to the sites of your own pages, or leave it empty (ALLOWED_ORIGINS=); the server's own page may always connect")
	}
}

// development reports whether an origin is on the visitor's own machine.
func development(origin string) bool {
	parsed, err := url.Parse(origin)
	if err != nil {
		return false
	}
	name := parsed.Hostname()
	addr, err := netip.ParseAddr(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || err == nil && (addr.Unmap().IsLoopback() || addr.IsUnspecified())
}

// public returns where other machines reach the server, if they do as far as is known.
func (d *doctor) public() (where string, public bool) {
	if d.cmd.URL != "" {
		if to, err := remote.Parse(d.cmd.URL); err == nil && !loopback(to.Host) {
			return to.Host, true
		}
	}
	if !d.told() && !d.known("CHATME_ADDR") {
		return "", false
	}
	for _, l := range d.listens() {
		host, _, err := net.SplitHostPort(l.Addr)
		if ip := net.ParseIP(host); config.ParseAddress(l.Addr).Network != "tcp" || err != nil || host == "localhost" || ip != nil && ip.IsLoopback() {
			continue
		}
		return "address " + l.Addr, true
	}
	return "", false
}

// local returns the Unix socket on which proxies reach the server, if there is one.
func (d *doctor) local() (addr string, found bool) {
	if !d.told() && !d.known("CHATME_ADDR") {
		return "", false
	}
	for _, l := range d.listens() {
		if config.ParseAddress(l.Addr).Network == "unix" {
			return l.Addr, true
		}
	}
	return "", false
}

// trustsLoopback reports whether the server trusts X-Forwarded-For from programs on this machine.
func (d *doctor) trustsLoopback() bool {
	return d.trusts(netip.AddrFrom4([4]byte{127, 0, 0, 1})) || d.trusts(netip.IPv6Loopback())
}
