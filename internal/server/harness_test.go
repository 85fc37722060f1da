package server_test

import (
	"bytes"
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
	"chatme/internal/web"
	"chatme/internal/ws"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
)

const (
	webKey    = "web-key-for-tests"
	mobileKey = "mobile-key-for-tests"
	patience  = 20 * time.Second // how long a test waits for an event, on an idle machine
)

// site is a whole server in this process, on a real port and a real database.
type site struct {
	URL      string
	db       string // the database file
	hub      *hub.Hub
	endpoint *ws.Endpoint
	sockets  ws.Config // of endpoint
	public   *server.Server
	log      *logBuffer
	stop     func()                                                            // stops as the server does, except for its listener
	tls      *tls.Config                                                       // for the clients; nil: no TLS
	dialTCP  func(ctx context.Context, network, addr string) (net.Conn, error) // how clients dial; nil: the default
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// openSite starts a site; tune may change the protocol's defaults.
func openSite(t *testing.T, tune ...func(*ws.Config, *chat.Config)) *site {
	t.Helper()
	s := &site{log: &logBuffer{}, db: filepath.Join(t.TempDir(), "chatme.db")}
	log := slog.New(slog.NewJSONHandler(s.log, nil))
	db, err := store.Open(t.Context(), store.Config{Path: s.db, Log: log})
	must(t, err)
	clock := hub.NewClock()
	boot, err := db.Begin(t.Context(), store.Boot{At: clock.Now()})
	must(t, err)
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
			Keys: []string{webKey, mobileKey}, Rules: protocol.Rules{MaxText: 64 << 10},
			Hello:       protocol.Hello{Epoch: boot.Epoch, WindowMs: 120_000, PingMs: 25_000, MaxBytes: 16<<20 + 64<<10},
			AuthTimeout: pace.Of(10 * time.Second), DeadAfter: pace.Of(time.Minute), DeadAfterLegacy: pace.Of(5 * time.Minute),
			ProgressTimeout: pace.Of(20 * time.Second), StallTimeout: pace.Of(30 * time.Second),
			FrameBeforeMatch: 64 << 10, MalformedPerMinute: 5, InFlightMax: 256 << 20, MaxConns: 1000, FailedKeys: 10,
		},
	}
	for _, f := range tune {
		f(&wc, &lc)
	}
	s.hub, err = hub.New(hub.Config{
		Store: db, Lobby: chat.New(lc), Clock: clock, SessionTTL: lc.SessionTTL, Log: log,
		Fatal: func(err error) { t.Errorf("fatal: %v", err) },
	})
	must(t, err)
	wc.Hub, wc.Clock = s.hub, clock
	s.sockets = wc
	s.endpoint, err = ws.New(wc)
	must(t, err)
	page, err := web.New(web.Config{APIKey: webKey})
	must(t, err)
	s.public, err = server.New(server.Config{
		Endpoint: s.endpoint, Origins: []string{"http://localhost:5173", "https://chat.example"}, Page: page,
		TrustedProxies: []string{"127.0.0.0/8", "::1/128"},
	})
	must(t, err)
	h := httptest.NewUnstartedServer(s.public)
	if overTLS(t) {
		h.StartTLS()
		s.tls = h.Client().Transport.(*http.Transport).TLSClientConfig
	} else {
		h.Start()
	}
	s.URL = h.URL
	s.stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), pace.Of(patience))
		defer cancel()
		if err := s.hub.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		last := make(chan struct{})
		close(last)
		s.endpoint.Shutdown(ctx, last)
	})
	t.Cleanup(func() {
		s.stop()
		h.Close()
		must(t, db.Close())
		clock.Stop()
	})
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// look opens a second connection to the database, which sees committed data.
func (s *site) look(t *testing.T) *sql.Conn {
	t.Helper()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: s.db, RawQuery: "mode=ro"}).String())
	must(t, err)
	t.Cleanup(func() { db.Close() })
	conn, err := db.Conn(t.Context())
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// person is one socket of a site.
type person struct {
	t    *testing.T
	ws   *websocket.Conn
	name string
	met  bool // it has been matched, or is being told so
}

// dial opens a socket that has not authenticated.
func (s *site) dial(t *testing.T, name string) *person {
	t.Helper()
	dialer := websocket.Dialer{TLSClientConfig: s.tls, NetDialContext: s.dialTCP}
	c, _, err := dialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), nil)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return &person{t: t, ws: c, name: name}
}

// old opens a socket of a legacy client.
func (s *site) old(t *testing.T, name string) *person {
	t.Helper()
	p := s.dial(t, name)
	p.send(`{"type":"auth","apiKey":"` + webKey + `"}`)
	p.expect("auth_success")
	return p
}

// resumable opens a socket with a new resumable session.
func (s *site) resumable(t *testing.T, name string) (*person, protocol.ServerMessage) {
	t.Helper()
	p := s.dial(t, name)
	p.send(`{"type":"auth","apiKey":"` + mobileKey + `","resume":{"v":1}}`)
	p.expect("auth_success")
	return p, p.expect("session_id")
}

func (p *person) send(text string) {
	p.t.Helper()
	must(p.t, p.ws.WriteMessage(websocket.TextMessage, []byte(text)))
}

// sendAside sends in the background; the channel is closed when the text is sent, or sending fails.
func (p *person) sendAside(text string) <-chan struct{} {
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		p.ws.WriteMessage(websocket.TextMessage, []byte(text))
	}()
	return sent
}

// next returns the next message, or the close that came instead.
func (p *person) next() (protocol.ServerMessage, error) {
	p.ws.SetReadDeadline(time.Now().Add(pace.Of(patience)))
	var m protocol.ServerMessage
	_, data, err := p.ws.ReadMessage()
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	return m, err
}

// expect requires a message of this kind next. An ack may come at any time, so an unwanted one is skipped; and so is the
// typing_stop before the first matched.
func (p *person) expect(kind string) protocol.ServerMessage {
	p.t.Helper()
	m, err := p.hear(kind)
	must(p.t, err)
	return m
}

// hear is expect for a separate goroutine.
func (p *person) hear(kind string) (protocol.ServerMessage, error) {
	for {
		m, err := p.next()
		switch {
		case err != nil:
			return m, fmt.Errorf("%s: %w, want %s", p.name, err, kind)
		case m.Type == kind:
			p.met = p.met || kind == "matched"
			return m, nil
		case m.Type == "typing_stop" && kind == "matched" && !p.met:
		case m.Type != "ack":
			return m, fmt.Errorf("%s received %+v, want %s", p.name, m, kind)
		}
	}
}

func (p *person) expectClose(code int, text string) {
	p.t.Helper()
	m, err := p.next()
	var ce *websocket.CloseError
	if !errors.As(err, &ce) {
		p.t.Fatalf("%s received %+v, %v, want close %d", p.name, m, err, code)
	}
	if ce.Code != code || ce.Text != text {
		p.t.Errorf("%s: close %d %q, want %d %q", p.name, ce.Code, ce.Text, code, text)
	}
}

// quiet checks that nothing was sent to p before now: the pong comes next.
func (p *person) quiet() {
	p.t.Helper()
	p.send(`{"type":"ping"}`)
	p.expect("pong")
}

func text(s string) string {
	b, _ := json.Marshal(map[string]string{"type": "message", "text": s})
	return string(b)
}

func image(url string) string { return fmt.Sprintf(`{"type":"message","imageUrl":%q}`, url) }

// do sends one HTTP request.
func (s *site) do(t *testing.T, method, path string, header http.Header) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	must(t, err)
	for k, v := range header {
		r.Header[k] = v
	}
	resp, err := http.DefaultClient.Do(r)
	must(t, err)
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// overTLS reports whether the sites of t use TLS: they do below TestOverTLS.
func overTLS(t *testing.T) bool { return strings.HasPrefix(t.Name(), "TestOverTLS/") }
