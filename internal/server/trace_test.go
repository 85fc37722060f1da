package server

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/forwarded"
)

// local is the peer of a request over a Unix socket.
const local = "@"

// arrive sends a request with this X-Forwarded-For from peer, to a server that trusts these networks.
func arrive(t *testing.T, s *Server, peer, number string, xff ...string) {
	t.Helper()
	proxies, err := forwarded.Parse([]string{"127.0.0.0/8", "10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	now := &surface{Server: s, proxies: proxies}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = peer
	if peer == local {
		here := &net.UnixAddr{Name: "/run/http.sock", Net: "unix"}
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, here))
	}
	r.Header[http.CanonicalHeaderKey("X-Forwarded-For")] = xff
	r.Header.Set(TraceHeader, number)
	now.noteTrace(r, proxies.Client(r))
}

// TestTrace shows how each way to forward a client address is reported.
func TestTrace(t *testing.T) {
	const proxy, direct = "127.0.0.1:999", "203.0.113.9:999"
	for name, tt := range map[string]struct {
		peer      string
		forwarded []string
		want      Trace
	}{
		"directly":                   {direct, nil, Trace{Direct: true}},
		"directly, forged":           {direct, []string{ForgedAddr}, Trace{Direct: true, Forged: true, ForgedLast: true}},
		"a proxy says nothing":       {proxy, nil, Trace{Trusted: true}},
		"a proxy sets":               {proxy, []string{"198.51.100.1"}, Trace{Trusted: true, Forwarded: 1}},
		"a proxy appends":            {proxy, []string{ForgedAddr + ", 198.51.100.1"}, Trace{Trusted: true, Forwarded: 1, Forged: true}},
		"a proxy appends a line":     {proxy, []string{ForgedAddr, "198.51.100.1"}, Trace{Trusted: true, Forwarded: 1, Forged: true}},
		"a proxy passes on":          {proxy, []string{ForgedAddr}, Trace{Trusted: true, Forged: true, ForgedLast: true, ForgedCounted: true}},
		"a proxy puts before":        {proxy, []string{"198.51.100.1, " + ForgedAddr}, Trace{Trusted: true, Forged: true, ForgedLast: true, ForgedCounted: true}},
		"with a port":                {proxy, []string{ForgedAddr + ":5, 198.51.100.1:6"}, Trace{Trusted: true, Forwarded: 1, Forged: true}},
		"in brackets":                {proxy, []string{"[2001:db8::1], [::ffff:10.0.0.1]:7"}, Trace{Trusted: true, Forwarded: 2, Believed: 1}},
		"two proxies, one believed":  {proxy, []string{"198.51.100.1, 10.0.0.1"}, Trace{Trusted: true, Forwarded: 2, Believed: 1}},
		"two proxies, none believed": {proxy, []string{"10.0.0.1, 198.51.100.1"}, Trace{Trusted: true, Forwarded: 2}},
		"a local proxy says nothing": {local, nil, Trace{Local: true, Trusted: true}},
		"a local proxy appends":      {local, []string{ForgedAddr + ", 198.51.100.1"}, Trace{Local: true, Trusted: true, Forwarded: 1, Forged: true}},
		"a local proxy passes on":    {local, []string{ForgedAddr}, Trace{Local: true, Trusted: true, Forged: true, ForgedLast: true, ForgedCounted: true}},
		"rubbish":                    {proxy, []string{"unknown,, ,"}, Trace{Trusted: true, Forwarded: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Server{}
			number, err := s.Announce()
			if err != nil {
				t.Fatal(err)
			}
			arrive(t, s, tt.peer, number, tt.forwarded...)
			tt.want.Seen = true
			got, ok := s.Traced(number, netip.MustParseAddrPort(direct))
			if !ok || got != tt.want {
				t.Errorf("%+v, %v; want %+v", got, ok, tt.want)
			}
		})
	}
	t.Run("a local proxy, and a request that took a detour", func(t *testing.T) {
		s := &Server{}
		number, err := s.Announce()
		if err != nil {
			t.Fatal(err)
		}
		arrive(t, s, local, number)
		if got, ok := s.Traced(number, netip.AddrPort{}); !ok || got.Direct {
			t.Errorf("%+v, %v: neither has an address, so they count as the same", got, ok)
		}
	})
}

// TestTraceIsForOperators: nothing is kept of a request that was not announced; an announced one is kept for a minute
// and reported once.
func TestTraceIsForOperators(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{}
		from := netip.MustParseAddrPort("127.0.0.1:1")
		arrive(t, s, "127.0.0.1:1", "guessed", ForgedAddr)
		number, err := s.Announce()
		if err != nil {
			t.Fatal(err)
		}
		arrive(t, s, "127.0.0.1:1", "guessed", ForgedAddr)
		if len(s.traces.by) != 1 || len(number) < 26 {
			t.Errorf("%d announcements are kept, number %q", len(s.traces.by), number)
		}
		if _, ok := s.Traced("guessed", from); ok {
			t.Error("a request that was not announced was reported")
		}
		arrive(t, s, "127.0.0.1:1", number)
		arrive(t, s, "127.0.0.1:2", number, ForgedAddr) // a later request with the same number is ignored
		if got, ok := s.Traced(number, from); !ok || !got.Direct || got.Forged {
			t.Errorf("%+v, %v", got, ok)
		}
		if _, ok := s.Traced(number, from); ok {
			t.Error("reported twice")
		}
		for range tracesMax {
			if number, err = s.Announce(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Announce(); err == nil {
			t.Error("unlimited announcements")
		}
		time.Sleep(traceAge + time.Second)
		if _, ok := s.Traced(number, from); ok || s.traces.open.Load() != 0 {
			t.Error("kept forever")
		}
	})
}
