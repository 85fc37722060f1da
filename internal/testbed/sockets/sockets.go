// Package sockets runs the whole server in a test's process and opens plain sockets to it: what ws and server promise on the wire is
// tested with it.
package sockets

import (
	"cmp"
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/hub"
	"chatme/internal/pace"
	"chatme/internal/protocol"
	"chatme/internal/server"
	"chatme/internal/store"
	"chatme/internal/testbed"
	"chatme/internal/web"
	"chatme/internal/ws"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
)

const (
	WebKey    = "web-key-for-tests"
	MobileKey = "mobile-key-for-tests"
	Patience  = 20 * time.Second // how long a test waits for an event, on an idle machine
)

// Site is a whole server in this process, on a real port and a real database.
type Site struct {
	URL      string
	DB       string // the database file
	Hub      *hub.Hub
	Endpoint *ws.Endpoint
	Config   ws.Config // of endpoint
	Server   *server.Server
	Log      *testbed.Record
	Stop     func()                                                            // stops as the server does, except for its listener
	tls      *tls.Config                                                       // for the clients; nil: no TLS
	dial     func(ctx context.Context, network, addr string) (net.Conn, error) // how clients dial; nil: the default
}

// page is the page of all sites: compressing it takes time.
var page = sync.OnceValues(func() (http.Handler, error) { return web.New(web.Config{APIKey: WebKey}) })

// Open starts a site; tune may change the protocol's defaults.
func Open(t *testing.T, tune ...func(*ws.Config, *chat.Config)) *Site {
	t.Helper()
	s := &Site{Log: &testbed.Record{}, DB: filepath.Join(t.TempDir(), "chatme.db")}
	log := slog.New(slog.NewJSONHandler(s.Log, nil))
	db, err := store.Open(t.Context(), store.Config{Path: s.DB, Log: log})
	testbed.Must(t, err)
	clock := hub.NewClock()
	boot, err := db.Begin(t.Context(), store.Boot{At: clock.Now()})
	testbed.Must(t, err)
	lc := chat.Config{
		NewAlias: func() chat.Alias { return chat.Alias(uuid.NewString()) },
		Epoch:    boot.Epoch, Boot: boot.Boot,
		SessionTTL: 24 * time.Hour, Limits: chat.Limits{
			IdleAfter: 10 * time.Minute, ChatWindow: 2 * time.Minute, ChatWindowLegacy: pace.Of(30 * time.Second),
			QueueWindow: pace.Of(30 * time.Second), SleepMax: 10 * time.Minute, RematchAfter: 10 * time.Second, SettleTimeout: 2 * time.Second,

			RingMessages: 200, RingBytes: 32 << 20, RingTotal: 256 << 20, MailboxMessages: 200, MailboxBytes: 32 << 20, MailTotal: 1 << 30,
			UncommittedRows: 10_000, UncommittedBytes: 64 << 20,
		},
	}
	wc := ws.Config{
		Log: log, PingInterval: 25 * time.Second, FrameMax: 16<<20 + 64<<10, OutboxFrames: 64, OutboxBytes: 256 << 10,
		Limits: ws.Limits{
			Keys: []string{WebKey, MobileKey}, Rules: protocol.Rules{MaxText: 64 << 10},
			Hello:       protocol.Hello{Epoch: boot.Epoch, WindowMs: 120_000, PingMs: 25_000, MaxBytes: 16<<20 + 64<<10},
			AuthTimeout: pace.Of(10 * time.Second), DeadAfter: pace.Of(time.Minute), DeadAfterLegacy: pace.Of(5 * time.Minute),
			ProgressTimeout: pace.Of(20 * time.Second), StallTimeout: pace.Of(30 * time.Second),
			FrameBeforeMatch: 64 << 10, MalformedPerMinute: 5, InFlightMax: 256 << 20, MaxConns: 1000, FailedKeys: 10,
			Rates: ws.Rates{Typing: 300 * time.Millisecond, Auths: 3, Waits: time.Minute, Pace: 8 << 10}, InFlightParts: 8,
		},
	}
	Generous(&wc, &lc)
	for _, f := range tune {
		f(&wc, &lc)
	}
	s.Hub, err = hub.New(hub.Config{
		Store: db, Lobby: chat.New(lc), Clock: clock, SessionTTL: lc.SessionTTL, Log: log,
		Fatal: func(err error) { t.Errorf("fatal: %v", err) },
	})
	testbed.Must(t, err)
	wc.Hub, wc.Clock = s.Hub, clock
	s.Config = wc
	s.Endpoint, err = ws.New(wc)
	testbed.Must(t, err)
	page, err := page()
	testbed.Must(t, err)
	s.Server, err = server.New(server.Config{
		Endpoint: s.Endpoint, Origins: []string{"http://localhost:5173", "https://chat.example"}, Page: page,
		TrustedProxies: []string{"127.0.0.0/8", "::1/128"},
	})
	testbed.Must(t, err)
	h := httptest.NewUnstartedServer(s.Server)
	switch {
	case overTLS(t):
		h.StartTLS()
		s.tls = h.Client().Transport.(*http.Transport).TLSClientConfig
	case overUnix(t):
		h.Listener.Close()
		h.Listener = s.local(t)
		h.Start()
	default:
		h.Start()
	}
	s.URL = cmp.Or(s.URL, h.URL)
	s.Stop = sync.OnceFunc(func() {
		ctx, cancel := pace.WithTimeout(context.Background(), Patience)
		defer cancel()
		if err := s.Hub.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		last := make(chan struct{})
		close(last)
		s.Endpoint.Shutdown(ctx, last)
	})
	t.Cleanup(func() {
		s.Stop()
		h.Close()
		testbed.Must(t, db.Close())
		clock.Stop()
	})
	return s
}

// Look opens a second connection to the database, which sees committed data.
func (s *Site) Look(t *testing.T) *sql.Conn {
	t.Helper()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: s.DB, RawQuery: "mode=ro"}).String())
	testbed.Must(t, err)
	t.Cleanup(func() { db.Close() })
	conn, err := db.Conn(t.Context())
	testbed.Must(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// Person is one socket of a site.
type Person struct {
	T      *testing.T
	Socket *websocket.Conn
	Name   string
	Waits  time.Duration // for a message, on an idle machine; 0: Patience
	met    bool          // it has been matched, or is being told so
}

// Dial opens a socket that has not authenticated.
func (s *Site) Dial(t *testing.T, name string) *Person {
	t.Helper()
	dialer := websocket.Dialer{TLSClientConfig: s.tls, NetDialContext: s.dial}
	c, _, err := dialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), nil)
	testbed.Must(t, err)
	t.Cleanup(func() { c.Close() })
	return &Person{T: t, Socket: c, Name: name}
}

// Legacy opens a socket of a legacy client.
func (s *Site) Legacy(t *testing.T, name string) *Person {
	t.Helper()
	p := s.Dial(t, name)
	p.Send(`{"type":"auth","apiKey":"` + WebKey + `"}`)
	p.Expect("auth_success")
	return p
}

// Resumable opens a socket with a new resumable session.
func (s *Site) Resumable(t *testing.T, name string) (*Person, protocol.ServerMessage) {
	t.Helper()
	p := s.Dial(t, name)
	p.Send(`{"type":"auth","apiKey":"` + MobileKey + `","resume":{"v":1}}`)
	p.Expect("auth_success")
	return p, p.Expect("session_id")
}

func (p *Person) Send(text string) {
	p.T.Helper()
	testbed.Must(p.T, p.Socket.WriteMessage(websocket.TextMessage, []byte(text)))
}

// SendAside sends in the background; the channel is closed when the text is sent, or sending fails.
func (p *Person) SendAside(text string) <-chan struct{} {
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		p.Socket.WriteMessage(websocket.TextMessage, []byte(text))
	}()
	return sent
}

// Next returns the next message, or the close that came instead.
func (p *Person) Next() (protocol.ServerMessage, error) {
	p.Socket.SetReadDeadline(time.Now().Add(pace.Of(cmp.Or(p.Waits, Patience))))
	var m protocol.ServerMessage
	_, data, err := p.Socket.ReadMessage()
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	return m, err
}

// Expect requires a message of this kind next. An ack may come at any time, so an unwanted one is skipped; and so is the
// typing_stop before the first matched.
func (p *Person) Expect(kind string) protocol.ServerMessage {
	p.T.Helper()
	m, err := p.Hear(kind)
	testbed.Must(p.T, err)
	return m
}

// Hear is expect for a separate goroutine.
func (p *Person) Hear(kind string) (protocol.ServerMessage, error) {
	for {
		m, err := p.Next()
		switch {
		case err != nil:
			return m, fmt.Errorf("%s: %w, want %s", p.Name, err, kind)
		case m.Type == kind:
			p.met = p.met || kind == "matched"
			return m, nil
		case m.Type == "typing_stop" && kind == "matched" && !p.met:
		case m.Type != "ack":
			return m, fmt.Errorf("%s received %+v, want %s", p.Name, m, kind)
		}
	}
}

func (p *Person) ExpectClose(code int, text string) {
	p.T.Helper()
	m, err := p.Next()
	var ce *websocket.CloseError
	if !errors.As(err, &ce) {
		p.T.Fatalf("%s received %+v, %v, want close %d", p.Name, m, err, code)
	}
	if ce.Code != code || ce.Text != text {
		p.T.Errorf("%s: close %d %q, want %d %q", p.Name, ce.Code, ce.Text, code, text)
	}
}

// Quiet checks that nothing was sent to p before now: the pong comes next.
func (p *Person) Quiet() {
	p.T.Helper()
	p.Send(`{"type":"ping"}`)
	p.Expect("pong")
}

func Text(s string) string {
	b, _ := json.Marshal(map[string]string{"type": "message", "text": s})
	return string(b)
}

func Image(url string) string { return fmt.Sprintf(`{"type":"message","imageUrl":%q}`, url) }

// Do sends one HTTP request.
func (s *Site) Do(t *testing.T, method, path string, header http.Header) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	testbed.Must(t, err)
	for k, v := range header {
		r.Header[k] = v
	}
	resp, err := http.DefaultClient.Do(r)
	testbed.Must(t, err)
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}
