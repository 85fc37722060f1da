package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"chatme/internal/server"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"

	"github.com/gorilla/websocket"
)

// The table "HTTP, on the public listener" of the protocol.
func TestHTTP(t *testing.T) {
	s := sockets.Open(t)
	own := s.URL // the request's own host is always allowed
	tests := map[string]struct {
		method, path string
		origin       string
		accept       string
		part         string // a header of a handshake that lost its upgrade
		status       int
		body         string
		header       map[string]string // "-" means absent
	}{
		"GET without upgrade says so in a header": {method: "GET", path: "/ws", status: 426, header: map[string]string{"Upgrade": "websocket"}},
		"a handshake whose upgrade was dropped":   {method: "GET", path: "/", part: "Sec-WebSocket-Key", status: 426, header: map[string]string{"Upgrade": "websocket"}},
		"… by a proxy that leaves the version":    {method: "GET", path: "/", part: "Sec-WebSocket-Version", accept: "text/html", status: 426},
		"GET of another path":                     {method: "GET", path: "/ws/x", status: 426, accept: "text/html", header: map[string]string{"Upgrade": "websocket"}},
		"GET of the page":                         {method: "GET", path: "/", accept: "text/html,*/*", status: 200, body: "<html"},
		"HEAD of the page":                        {method: "HEAD", path: "/", accept: "text/html", status: 200},
		"the page for a link preview":             {method: "GET", path: "/", accept: "*/*", status: 200, body: "<html"},
		"the page for a monitor":                  {method: "HEAD", path: "/", status: 200, header: map[string]string{"Content-Type": "text/html; charset=utf-8"}},
		"the page, whatever is accepted":          {method: "GET", path: "/", accept: "application/json", status: 200, body: "<html"},
		"a crawler":                               {method: "GET", path: "/robots.txt", status: 200, body: "User-agent: *\nDisallow:\n", header: map[string]string{"Content-Type": "text/plain; charset=utf-8"}},
		"HEAD of the crawler's":                   {method: "HEAD", path: "/robots.txt", status: 200},
		"an icon that was not named":              {method: "GET", path: "/favicon.ico", status: 204},
		"HEAD of that icon":                       {method: "HEAD", path: "/favicon.ico", status: 204},
		"the client library":                      {method: "GET", path: "/chatme.js", status: 200},
		"health":                                  {method: "GET", path: "/healthz", status: 200, body: "ok"},
		"other methods":                           {method: "POST", path: "/", status: 405, header: map[string]string{"Allow": "GET"}},
		"an unknown method":                       {method: "BREW", path: "/", status: 405, header: map[string]string{"Allow": "GET"}},
		"PUT of the icon":                         {method: "PUT", path: "/favicon.ico", status: 405, header: map[string]string{"Allow": "GET"}},
		"TRACE":                                   {method: "TRACE", path: "/any", status: 405, header: map[string]string{"Allow": "GET"}},
		"other methods elsewhere":                 {method: "DELETE", path: "/healthz", status: 405, header: map[string]string{"Allow": "GET"}},
		"OPTIONS of an allowed origin": {method: "OPTIONS", path: "/any", origin: "http://localhost:5173", status: 200, header: map[string]string{
			"Access-Control-Allow-Origin":  "http://localhost:5173",
			"Access-Control-Allow-Methods": "GET, POST, OPTIONS",
			"Access-Control-Allow-Headers": "Content-Type, Upgrade, Connection",
			"Access-Control-Max-Age":       "86400",
		}},
		"OPTIONS of our own host":       {method: "OPTIONS", path: "/", origin: own, status: 200, header: map[string]string{"Access-Control-Allow-Origin": own}},
		"OPTIONS of another origin":     {method: "OPTIONS", path: "/", origin: "https://evil.example", status: 403, body: "Forbidden", header: map[string]string{"Access-Control-Allow-Origin": "-"}},
		"OPTIONS without an origin":     {method: "OPTIONS", path: "/", status: 403, body: "Forbidden"},
		"OPTIONS with an opaque origin": {method: "OPTIONS", path: "/", origin: "null", status: 403, body: "Forbidden"},
		"CORS on other answers":         {method: "GET", path: "/ws", origin: "https://chat.example", status: 426, header: map[string]string{"Access-Control-Allow-Origin": "https://chat.example"}},
		"no CORS for others":            {method: "GET", path: "/ws", origin: "https://evil.example", status: 426, header: map[string]string{"Access-Control-Allow-Origin": "-"}},
		"exact match only":              {method: "OPTIONS", path: "/", origin: "http://localhost:5173.evil.example", status: 403},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			if tt.origin != "" {
				h.Set("Origin", tt.origin)
			}
			if tt.accept != "" {
				h.Set("Accept", tt.accept)
			}
			if tt.part != "" {
				h.Set(tt.part, "13")
			}
			resp := s.Do(t, tt.method, tt.path, h)
			body, err := io.ReadAll(resp.Body)
			testbed.Must(t, err)
			if resp.StatusCode != tt.status || !strings.Contains(string(body), tt.body) {
				t.Errorf("%d %q, want %d with %q", resp.StatusCode, body, tt.status, tt.body)
			}
			for k, want := range tt.header {
				got := resp.Header.Get(k)
				if want == "-" && got != "" || want != "-" && got != want {
					t.Errorf("%s: %q, want %q", k, got, want)
				}
			}
		})
	}
}

// Without a page there is nothing at / and crawlers are excluded.
func TestHTTPWithoutPage(t *testing.T) {
	s := sockets.Open(t)
	testbed.Must(t, s.Server.Reload(server.Config{}))
	for path, want := range map[string]string{
		"/": "Expected a WebSocket upgrade", "/robots.txt": "User-agent: *\nDisallow: /\n", "/favicon.ico": "",
	} {
		resp := s.Do(t, "GET", path, http.Header{"Accept": {"text/html"}})
		if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s %q, %v", path, resp.Status, body, err)
		}
	}
}

func TestUpgradeOrigins(t *testing.T) {
	s := sockets.Open(t)
	tests := map[string]struct {
		origin string
		ok     bool
	}{
		"none":               {"", true},
		"opaque":             {"null", false},
		"listed":             {"https://chat.example", true},
		"our own host":       {s.URL, true},
		"our host, https":    {"https" + strings.TrimPrefix(s.URL, "http"), true},
		"another":            {"https://evil.example", false},
		"our host as prefix": {s.URL + ".evil.example", false},
		"our host with user": {"http://x@" + strings.TrimPrefix(s.URL, "http://"), false},
		"another scheme":     {"ftp" + strings.TrimPrefix(s.URL, "http"), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			if tt.origin != "" {
				h.Set("Origin", tt.origin)
			}
			c, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http")+"/any/path?x=1", h)
			if tt.ok {
				testbed.Must(t, err)
				c.Close()
				return
			}
			if err == nil {
				c.Close()
				t.Fatal("the upgrade went through")
			}
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != http.StatusForbidden || strings.TrimSpace(string(body)) != "Forbidden - Invalid origin" {
				t.Errorf("%d %q, want 403 Forbidden - Invalid origin", resp.StatusCode, body)
			}
		})
	}
}

func TestHealthWhileStopping(t *testing.T) {
	s := sockets.Open(t)
	s.Server.Stopping()
	if resp := s.Do(t, "GET", "/healthz", nil); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", resp.StatusCode)
	}
}

func TestCompressionIsNeverNegotiated(t *testing.T) {
	s := sockets.Open(t)
	d := *websocket.DefaultDialer
	d.EnableCompression = true
	c, resp, err := d.Dial("ws"+strings.TrimPrefix(s.URL, "http"), nil)
	testbed.Must(t, err)
	defer c.Close()
	if ext := resp.Header.Get("Sec-WebSocket-Extensions"); ext != "" {
		t.Errorf("extensions %q, want none", ext)
	}
}
