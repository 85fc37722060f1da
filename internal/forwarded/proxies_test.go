package forwarded

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func mustProxies(tb testing.TB, networks ...string) Proxies {
	tb.Helper()
	p, err := Parse(networks)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// Load balancers write ports, brackets and quotes. Known defect: all clients whose address could not be parsed shared the
// proxy's.
func TestForwardedAddresses(t *testing.T) {
	const proxy = "127.0.0.1:50000"
	tests := map[string]struct {
		peer string
		xff  []string
		want string
	}{
		"IPv4":                          {proxy, []string{"203.0.113.5"}, "203.0.113.5"},
		"IPv4 and a port":               {proxy, []string{"203.0.113.5:1234"}, "203.0.113.5"},
		"IPv6":                          {proxy, []string{"2001:db8::1"}, "2001:db8::1"},
		"IPv6 in brackets":              {proxy, []string{"[2001:db8::1]"}, "2001:db8::1"},
		"IPv6 and a port":               {proxy, []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		"IPv6 in quotes":                {proxy, []string{`"[2001:db8::1]"`}, "2001:db8::1"},
		"IPv6 and a port in quotes":     {proxy, []string{`"[2001:db8::1]:443"`}, "2001:db8::1"},
		"IPv4 in quotes":                {proxy, []string{`" 203.0.113.5:1 "`}, "203.0.113.5"},
		"IPv6 in capitals, at length":   {proxy, []string{"2001:DB8:0:0:0:0:0:1"}, "2001:db8::1"},
		"IPv4 in IPv6":                  {proxy, []string{"::ffff:203.0.113.5"}, "203.0.113.5"},
		"IPv4 in IPv6, hexadecimal":     {proxy, []string{"[::ffff:cb00:7105]:443"}, "203.0.113.5"},
		"a zone":                        {proxy, []string{"fe80::1%eth0"}, "fe80::1"},
		"a zone as in a URL":            {proxy, []string{"[fe80::1%25eth0]:443"}, "fe80::1"},
		"spaces and tabs":               {proxy, []string{"  203.0.113.5\t"}, "203.0.113.5"},
		"empty places":                  {proxy, []string{"203.0.113.5, ,", "", " , "}, "203.0.113.5"},
		"what the client said before":   {proxy, []string{"198.51.100.1, 203.0.113.5"}, "203.0.113.5"},
		"garbage of the client before":  {proxy, []string{"unknown, '; DROP, 203.0.113.5:99"}, "203.0.113.5"},
		"several headers":               {proxy, []string{"198.51.100.1", "203.0.113.5"}, "203.0.113.5"},
		"several headers and hops":      {proxy, []string{"198.51.100.1, 203.0.113.5", "10.0.0.2,10.0.0.3:80"}, "203.0.113.5"},
		"through a hop in IPv6":         {proxy, []string{"203.0.113.5, [fd00::2]:80"}, "203.0.113.5"},
		"through a hop as IPv4 in IPv6": {proxy, []string{"203.0.113.5, ::ffff:10.0.0.2"}, "203.0.113.5"},
		"only proxies":                  {proxy, []string{"10.0.0.1, 10.0.0.2"}, "10.0.0.1"},
		"no header":                     {proxy, nil, "127.0.0.1"},

		// The last trusted proxy counts; any client can have sent what is further left.
		"unknown":                  {proxy, []string{"203.0.113.5, unknown"}, "127.0.0.1"},
		"garbage behind a hop":     {proxy, []string{"203.0.113.5, _hidden, 10.0.0.2"}, "10.0.0.2"},
		"a name":                   {proxy, []string{"client.example"}, "127.0.0.1"},
		"a port that is none":      {proxy, []string{"203.0.113.5:x"}, "127.0.0.1"},
		"a port that is too large": {proxy, []string{"[2001:db8::1]:65536"}, "127.0.0.1"},
		"an open bracket":          {proxy, []string{"[2001:db8::1"}, "127.0.0.1"},
		"behind a bracket":         {proxy, []string{"[2001:db8::1]443"}, "127.0.0.1"},
		"an open quote":            {proxy, []string{`"203.0.113.5`}, "127.0.0.1"},
		"a lone quote":             {proxy, []string{`"`}, "127.0.0.1"},
		"five numbers":             {proxy, []string{"203.0.113.5.6"}, "127.0.0.1"},
		"octal":                    {proxy, []string{"0313.0.113.5"}, "127.0.0.1"},

		"a stranger's header": {"198.51.100.9:1", []string{"203.0.113.5"}, "198.51.100.9"},
		"a peer in IPv6":      {"[::ffff:127.0.0.1]:1", []string{"203.0.113.5"}, "203.0.113.5"},
		"a peer with a zone":  {"[fe80::9%eth0]:1", []string{"203.0.113.5"}, "203.0.113.5"},
		"no peer":             {"@", []string{"203.0.113.5"}, "invalid IP"},
	}
	p := mustProxies(t, "127.0.0.0/8", "10.0.0.0/8", "fd00::/8", "fe80::/64")
	for name, tt := range tests {
		r := &http.Request{RemoteAddr: tt.peer, Header: http.Header{"X-Forwarded-For": tt.xff}}
		if got := p.Client(r).String(); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
		if got := mustProxies(t).Client(r); got != mustProxies(t).Client(&http.Request{RemoteAddr: tt.peer}) {
			t.Errorf("%s: %s is trusted without a trusted proxy", name, got)
		}
	}
}

// A peer on a Unix socket is trusted, whatever the networks and whatever the peer calls itself. Without a forwarded address
// it has none.
func TestUnixSocketIsATrustedProxy(t *testing.T) {
	over := func(here net.Addr, peer string, xff ...string) *http.Request {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": xff}}
		return r.WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, here))
	}
	local, tcp := &net.UnixAddr{Name: "/run/http.sock", Net: "unix"}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8787}
	for name, tt := range map[string]struct {
		r          *http.Request
		none, some string // with no trusted network, and with 10.0.0.0/8
	}{
		"a client":             {over(local, "@", "203.0.113.5"), "203.0.113.5", "203.0.113.5"},
		"a client's own claim": {over(local, "@", "198.51.100.1, 203.0.113.5"), "203.0.113.5", "203.0.113.5"},
		"another proxy":        {over(local, "", "203.0.113.5, 10.0.0.2"), "10.0.0.2", "203.0.113.5"},
		"through loopback":     {over(local, "", "203.0.113.5, 127.0.0.1"), "127.0.0.1", "127.0.0.1"},
		"no header":            {over(local, "@"), "invalid IP", "invalid IP"},
		"unknown":              {over(local, "@", "203.0.113.5, unknown"), "invalid IP", "invalid IP"},
		"a peer with a name":   {over(local, "198.51.100.9:1"), "invalid IP", "invalid IP"},
		"a name and a client":  {over(local, "198.51.100.9:1", "203.0.113.5"), "203.0.113.5", "203.0.113.5"},
		"over TCP":             {over(tcp, "127.0.0.1:1", "203.0.113.5"), "127.0.0.1", "127.0.0.1"},
		"over TCP, no peer":    {over(tcp, "@", "203.0.113.5"), "invalid IP", "invalid IP"},
	} {
		if got := mustProxies(t).Client(tt.r).String(); got != tt.none {
			t.Errorf("%s: %s, want %s", name, got, tt.none)
		}
		if got := mustProxies(t, "10.0.0.0/8").Client(tt.r).String(); got != tt.some {
			t.Errorf("%s, with trusted networks: %s, want %s", name, got, tt.some)
		}
	}
}

// Whatever is in the header, the result is the peer's address or one that a trusted hop wrote, in one form.
func FuzzForwardedAddress(f *testing.F) {
	for _, seed := range []string{"203.0.113.5:1", "[2001:db8::1]:443, 10.0.0.1", `"[::1]"`, "unknown", "fe80::1%eth0, ::ffff:10.0.0.2", ",,", "[]:", `""`} {
		f.Add("127.0.0.1:1", seed, seed)
	}
	p := mustProxies(f, "127.0.0.0/8", "10.0.0.0/8", "fe80::/10")
	f.Fuzz(func(t *testing.T, peer, first, second string) {
		client := func(xff ...string) netip.Addr {
			return p.Client(&http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": xff}})
		}
		got := client(first, second)
		if got.Is4In6() || got.Zone() != "" {
			t.Errorf("%s has another form", got)
		}
		self := client()
		if (!self.IsValid() || !p.Trust(self)) && got != self {
			t.Errorf("%s is trusted, but the client is %s", self, got)
		}
		if joined := client(first + "," + second); joined != got {
			t.Errorf("in one header %s, in two %s", joined, got)
		}
		// Entries further left never change the result for an address outside the proxies.
		if last := client(second); last.IsValid() && !p.Trust(last) && last != got {
			t.Errorf("%s, and %s with more in front", last, got)
		}
		if !strings.ContainsAny(first+second, "0123456789:") && got != self {
			t.Errorf("%s from nowhere", got)
		}
	})
}
