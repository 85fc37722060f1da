package doctor

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"chatme/internal/remote"
)

const (
	// Networks larger than these hold clients, and not only proxies.
	widest4, widest6 = 8, 16
)

// trusted are the networks whose X-Forwarded-For the server believes.
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

// trustedNetworks is whether only proxies can be in the networks that are believed: all else in them can claim to be any client.
func (d *doctor) trustedNetworks() {
	networks, known := d.trusted()
	if !known {
		d.unsettled("trusted proxies")
		return
	}
	const remedy = "name the addresses of your proxies in CHATME_TRUSTED_PROXIES, and nothing else; 127.0.0.0/8,::1/128 for those on this machine"
	good := true
	for _, network := range networks {
		switch {
		case private(network), network.IsSingleIP():
		case network.Bits() < widest4 && network.Addr().Is4(), network.Bits() < widest6 && network.Addr().Is6():
			d.problem("trusted proxies", fmt.Sprintf("CHATME_TRUSTED_PROXIES has %s: clients are in it, and each of them chooses the address that is counted", network), remedy)
			good = false
		default:
			d.warning("trusted proxies", fmt.Sprintf("CHATME_TRUSTED_PROXIES has %s, a public network: everybody in it chooses the address that is counted", network),
				"if all of it is your proxies', as with the published networks of a CDN, all is well; otherwise "+remedy)
			good = false
		}
	}
	switch {
	case len(networks) == 0:
		d.ok("trusted proxies", "none: X-Forwarded-For is not believed")
	case good:
		d.ok("trusted proxies", "only private networks, or single addresses")
	}
}

// privateNetworks are those in which no client from the internet is (RFC 1918, 4193, 6598, 3927, 4291, 6890).
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

// trusts reports whether what addr forwards is believed.
func (d *doctor) trusts(addr netip.Addr) bool {
	networks, _ := d.trusted()
	return slices.ContainsFunc(networks, func(network netip.Prefix) bool { return network.Contains(addr.Unmap()) })
}

// developmentOrigins is whether pages of development servers may connect to a server that others can reach.
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
		d.warning("origins", fmt.Sprintf("the server is not for this machine alone (%s), and ALLOWED_ORIGINS has %s: a page that any program serves there, on a visitor's machine, may connect",
			where, someOf(local)), "set ALLOWED_ORIGINS to the sites of your own pages, or to nothing (ALLOWED_ORIGINS=); the server's own page may always connect")
	}
}

// development reports whether an origin is on the machine of who looks at it.
func development(origin string) bool {
	parsed, err := url.Parse(origin)
	if err != nil {
		return false
	}
	name := parsed.Hostname()
	addr, err := netip.ParseAddr(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || err == nil && (addr.Unmap().IsLoopback() || addr.IsUnspecified())
}

// public is where others than this machine reach the server, if they do as far as is known.
func (d *doctor) public() (where string, public bool) {
	if d.cmd.URL != "" {
		if to, err := remote.Parse(d.cmd.URL); err == nil && !loopback(to.Host) {
			return to.Host, true
		}
	}
	if !d.told() && !d.known("CHATME_ADDR") {
		return "", false
	}
	addr, _ := d.listens()
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || host == "localhost" || ip != nil && ip.IsLoopback() {
		return "", false
	}
	return "address " + addr, true
}
