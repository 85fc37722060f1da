package sockets

import (
	"net/http"
	"strings"
	"testing"

	"chatme/internal/testbed"

	"github.com/gorilla/websocket"
)

// From opens a socket of a client at an address, behind a proxy. It returns the status, and nil if it is not 101.
func (s *Site) From(t *testing.T, addr string) (*Person, int) {
	t.Helper()
	dialer := websocket.Dialer{TLSClientConfig: s.tls, NetDialContext: s.dial}
	c, resp, err := dialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), http.Header{"X-Forwarded-For": {addr}})
	if resp == nil {
		testbed.Must(t, err)
	}
	if err != nil {
		return nil, resp.StatusCode
	}
	t.Cleanup(func() { c.Close() })
	return &Person{T: t, Socket: c, Name: addr}, resp.StatusCode
}

// LegacyFrom opens a socket of a legacy client at an address. It must not be refused.
func (s *Site) LegacyFrom(t *testing.T, addr string) *Person {
	t.Helper()
	p, status := s.From(t, addr)
	if p == nil {
		t.Fatalf("%s is refused with %d", addr, status)
	}
	p.Send(`{"type":"auth","apiKey":"` + WebKey + `"}`)
	p.Expect("auth_success")
	return p
}

// Searches makes p search.
func (p *Person) Searches() {
	p.T.Helper()
	p.Send(`{"type":"search"}`)
	p.Expect("searching")
}
