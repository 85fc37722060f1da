package server_test

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/pace"
	"chatme/internal/server"
	"chatme/internal/testbed/sockets"
	"chatme/internal/ws"

	"github.com/gorilla/websocket"
)

// openShared opens a site behind a gate, as the program does: connections and sockets that have not authenticated share
// one limit, and count by network.
func openShared(t *testing.T, unauthenticated, conns int, times server.Times) (*sockets.Site, *gate) {
	t.Helper()
	limits := server.ArrivalLimits{Plain: 1000, Unauthenticated: unauthenticated}
	arrivals := server.NewArrivals(limits, times, slog.New(slog.DiscardHandler))
	s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) {
		w.MaxConns, w.Guests, w.Accepted = conns, arrivals.Guests(), arrivals.Accepted
	})
	arrivals.Identify(s.Server)
	g := serveGate(t, s.Server, arrivals, transport{})
	s.URL = "http://" + g.addr
	return s, g
}

// Known defect: requests whose body never comes, and sockets that never authenticate, kept all other clients out for as
// long as they lasted. The oldest of the network that holds most goes first: a slow client of another network, which came
// before all of them, is not displaced.
func TestGuestsOfOneNetworkKeepNoneOut(t *testing.T) {
	const limit, attackers = 100, 400
	for name, attack := range map[string]func(t *testing.T, s *sockets.Site, g *gate){
		"requests without their body": func(t *testing.T, _ *sockets.Site, g *gate) {
			fmt.Fprint(g.dial(t), "POST / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\nContent-Length: 5\r\n\r\n")
		},
		"sockets that never authenticate": func(t *testing.T, s *sockets.Site, _ *gate) {
			if p, status := s.From(t, "203.0.113.7"); p == nil {
				t.Fatalf("refused with %d: not by its network, of which the server has room for more", status)
			}
		},
		"one byte of a frame": func(t *testing.T, s *sockets.Site, _ *gate) {
			if p, _ := s.From(t, "203.0.113.7"); p != nil {
				p.Socket.NetConn().Write([]byte{0x81})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, g := openShared(t, limit, 1000, server.DefaultTimes)
			slow, _ := s.From(t, "198.51.100.1")
			began := time.Now()
			for i := range attackers {
				attack(t, s, g)
				if i%20 == 0 {
					s.LegacyFrom(t, fmt.Sprintf("198.51.100.%d", 2+i/20))
				}
			}
			t.Logf("%d connections in %v", attackers, time.Since(began))
			slow.Send(`{"type":"auth","apiKey":"` + sockets.WebKey + `"}`)
			slow.Expect("auth_success")
			if n := g.arrivals.Guests().Len(); n > limit {
				t.Errorf("%d connections have not authenticated, want at most %d", n, limit)
			}
		})
	}
}

// A crowd that connects at once after a restart is let in, whether or not its proxy names it: none is displaced whose auth
// the server has not read yet.
func TestCrowdOfGuestsIsServed(t *testing.T) {
	const limit, crowd = 30, 150
	for name, from := range map[string]func(i int) string{
		"of many networks":  func(i int) string { return fmt.Sprintf("198.51.100.%d", 1+i) },
		"of one network":    func(int) string { return "203.0.113.7" },
		"without a network": func(int) string { return "127.0.0.1" },
	} {
		t.Run(name, func(t *testing.T) {
			times := server.DefaultTimes
			times.Grace = pace.Of(2 * time.Second) // the clients share this machine
			s, _ := openShared(t, limit, 1000, times)
			done := make(chan error, crowd)
			for i := range crowd {
				go func() { done <- arriveFrom(s, from(i)) }()
			}
			for range crowd {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// Connections that are not upgraded count toward the share of a network.
func TestAcceptedConnectionsCount(t *testing.T) {
	const conns, share = 20, 4
	arrivals := server.NewArrivals(server.ArrivalLimits{Plain: 100, Unauthenticated: 100}, server.DefaultTimes, slog.New(slog.DiscardHandler))
	s := sockets.Open(t, func(w *ws.Config, _ *chat.Config) {
		w.MaxConns, w.NetworkSockets, w.Guests, w.Accepted = conns, share, arrivals.Guests(), arrivals.Accepted
	})
	arrivals.Identify(s.Server)
	g := serveGate(t, s.Server, arrivals, transport{})
	s.URL = "http://" + g.addr
	for i := range conns/2 + 1 {
		s.LegacyFrom(t, fmt.Sprintf("198.51.100.%d", 1+i))
	}
	s.LegacyFrom(t, "203.0.113.7")
	var plain []net.Conn
	for range share - 1 {
		conn := g.dial(t)
		fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n")
		conn.Read(make([]byte, 1))
		plain = append(plain, conn)
	}
	if p, status := s.From(t, "203.0.113.7"); p != nil || status != http.StatusServiceUnavailable {
		t.Errorf("status %d with one socket and %d other connections, want 503", status, share-1)
	}
	for _, conn := range plain {
		conn.Close()
	}
	until(t, "they are gone", func() bool { return g.arrivals.Len() == 0 })
	s.LegacyFrom(t, "203.0.113.7")
}

// arriveFrom connects and authenticates, for a separate goroutine.
func arriveFrom(s *sockets.Site, addr string) error {
	c, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), http.Header{"X-Forwarded-For": {addr}})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.WriteMessage(websocket.TextMessage, []byte(`{"type":"auth","apiKey":"`+sockets.WebKey+`"}`)); err != nil {
		return err
	}
	_, _, err = c.ReadMessage()
	return err
}
