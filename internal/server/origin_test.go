package server_test

import (
	"net/http"
	"testing"

	"chatme/internal/server"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
)

// dialFrom requests an upgrade with this host and origin, and returns the status.
func dialFrom(t *testing.T, s *sockets.Site, host, origin string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	testbed.Must(t, err)
	r.Host = host
	r.Header = http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	testbed.Must(t, err)
	resp.Body.Close()
	return resp.StatusCode
}

// The Host and Origin that browsers, phones and proxies send for one and the same site, and those of other sites.
func TestOriginsAndHostsInCanonicalForm(t *testing.T) {
	s := sockets.Open(t)
	testbed.Must(t, s.Server.Reload(server.Config{Origins: []string{"https://site.example", "http://localhost:5173", "capacitor://localhost", "https://[2001:db8::1]"}}))
	tests := []struct {
		host, origin string
		let          bool
	}{
		{"chat.example.org", "https://chat.example.org", true},
		{"chat.example.org", "http://chat.example.org", true},
		{"chat.example.org:443", "https://chat.example.org", true}, // nginx: $host:$server_port; iOS dials wss://host:443
		{"chat.example.org", "https://chat.example.org:443", true}, // React Native on Android dials wss://host:443
		{"chat.example.org:443", "https://chat.example.org:443", true},
		{"chat.example.org:80", "http://chat.example.org", true},
		{"chat.example.org", "http://chat.example.org:80", true},
		{"Chat.Example.ORG", "https://chat.example.org", true},
		{"chat.example.org", "HTTPS://CHAT.example.org", true},
		{"chat.example.org:8443", "https://chat.example.org:8443", true},
		{"chat.example.org:8443", "http://chat.example.org:8443", true},
		{"[::1]:443", "https://[::1]", true},
		{"[0:0:0:0:0:0:0:1]", "https://[::1]:443", true},
		{"192.0.2.1:80", "http://192.0.2.1", true},

		{"chat.example.org", "https://chat.example.org:3001", false},
		{"chat.example.org:3001", "https://chat.example.org", false},
		{"chat.example.org:80", "https://chat.example.org", false}, // the port of http is not that of https
		{"chat.example.org:443", "http://chat.example.org", false},
		{"chat.example.org", "https://chat.example.org:80", false},
		{"chat.example.org", "https://example.org", false},
		{"chat.example.org", "https://chat.example.org.evil.example", false},
		{"chat.example.org", "https://evil.example/chat.example.org", false},
		{"chat.example.org", "https://chat.example.org@evil.example", false},
		{"chat.example.org", "https://evil.example#chat.example.org", false},
		{"chat.example.org", "ftp://chat.example.org", false},
		{"chat.example.org", "capacitor://chat.example.org", false},
		{"chat.example.org", "chat.example.org", false},
		{"chat.example.org", "//chat.example.org", false},
		{"chat.example.org", "https://chat.example.org/", false},
		{"chat.example.org", "https://", false},
		{"chat.example.org", "https://chat.example.org https://chat.example.org", false},
		{"chat.example.org", "file://", false},
		{"chat.example.org", "null", false},

		{"chat.example.org", "", true},
		{"chat.example.org", "https://site.example", true},
		{"chat.example.org", "https://site.example:443", true},
		{"chat.example.org", "https://SITE.example", true},
		{"chat.example.org", "http://site.example", false},
		{"chat.example.org", "https://site.example:8443", false},
		{"chat.example.org", "http://localhost:5173", true},
		{"chat.example.org", "http://localhost", false},
		{"chat.example.org", "capacitor://localhost", true},
		{"chat.example.org", "Capacitor://localhost", true},
		{"chat.example.org", "ionic://localhost", false},
		{"chat.example.org", "capacitor://localhost:443", false},
		{"chat.example.org", "https://[2001:DB8:0::1]:443", true},
	}
	for _, tt := range tests {
		want := http.StatusForbidden
		if tt.let {
			want = http.StatusSwitchingProtocols
		}
		if got := dialFrom(t, s, tt.host, tt.origin); got != want {
			t.Errorf("Host: %s, Origin: %s: %d, want %d", tt.host, tt.origin, got, want)
		}
	}
}

// A browser compares the answer with the origin that it sent, character by character.
func TestAnAllowedOriginIsEchoedAsSent(t *testing.T) {
	s := sockets.Open(t)
	testbed.Must(t, s.Server.Reload(server.Config{Origins: []string{"https://site.example"}}))
	for _, origin := range []string{"https://site.example", "https://site.example:443", "HTTPS://Site.example"} {
		for _, method := range []string{http.MethodOptions, http.MethodGet} {
			resp := s.Do(t, method, "/", http.Header{"Origin": {origin}})
			if got := resp.Header.Get("Access-Control-Allow-Origin"); got != origin {
				t.Errorf("%s from %s: Access-Control-Allow-Origin %q", method, origin, got)
			}
		}
	}
}

// Any site can make a frame whose origin is null: it may connect only if the operator allows it, and may read no answer.
func TestNullOriginNeedsTheSetting(t *testing.T) {
	s := sockets.Open(t)
	for _, allowed := range []bool{false, true, false} {
		testbed.Must(t, s.Server.Reload(server.Config{NullOrigin: allowed}))
		want := http.StatusForbidden
		if allowed {
			want = http.StatusSwitchingProtocols
		}
		if got := dialFrom(t, s, "chat.example.org", "null"); got != want {
			t.Errorf("allowed %v: an upgrade from null: %d, want %d", allowed, got, want)
		}
		for _, origin := range []string{"null", ""} {
			resp := s.Do(t, http.MethodOptions, "/", http.Header{"Origin": {origin}})
			if got := resp.Header.Get("Access-Control-Allow-Origin"); resp.StatusCode != http.StatusForbidden || got != "" {
				t.Errorf("allowed %v: OPTIONS from %q: %s, Access-Control-Allow-Origin %q", allowed, origin, resp.Status, got)
			}
		}
	}
}
