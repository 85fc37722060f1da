package client

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"chatme/internal/pace"

	"github.com/gorilla/websocket"
)

// peer is the server's end of one socket, played by a test.
type peer struct {
	tb     testing.TB
	ws     *websocket.Conn
	header http.Header
	addr   string
}

// stage is a server whose sockets the test plays.
type stage struct {
	url   string
	peers chan *peer // buffer 16
}

func newStage(tb testing.TB) *stage {
	s := &stage{peers: make(chan *peer, 16)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			tb.Error(err)
			return
		}
		tb.Cleanup(func() { ws.Close() })
		s.peers <- &peer{tb: tb, ws: ws, header: r.Header, addr: r.RemoteAddr}
	}))
	tb.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// patience is how long a test waits for an expected frame, on an idle machine.
const patience = 20 * time.Second

// soon returns a deadline for a write that is not blocked.
func soon() time.Time { return time.Now().Add(pace.Of(patience)) }

func testContext(tb testing.TB) context.Context {
	ctx, cancel := pace.WithTimeout(tb.Context(), patience)
	tb.Cleanup(cancel)
	return ctx
}

func (s *stage) connect(tb testing.TB, o Options) (*Client, *peer) {
	tb.Helper()
	c, err := Dial(testContext(tb), s.url, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Drop)
	return c, <-s.peers
}

func (p *peer) hears(want ...string) {
	p.tb.Helper()
	for _, w := range want {
		_, got, err := p.ws.ReadMessage()
		if err != nil {
			p.tb.Fatalf("want %s: %v", w, err)
		}
		if string(got) != w {
			p.tb.Fatalf("got  %s\nwant %s", got, w)
		}
	}
}

func (p *peer) says(frames ...string) {
	p.tb.Helper()
	for _, f := range frames {
		if err := p.ws.WriteMessage(websocket.TextMessage, []byte(f)); err != nil {
			p.tb.Fatal(err)
		}
	}
}

// must fails the test on an error from a method that also returns a value.
func must[T any](v T, err error) func(testing.TB) T {
	return func(tb testing.TB) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
