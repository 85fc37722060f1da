package ws

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"chatme/internal/chat"
	"chatme/internal/hub"
	"chatme/internal/metrics"
	"chatme/internal/network"
	"chatme/internal/protocol"
	"chatme/internal/tail"

	"github.com/gorilla/websocket"
)

// Hub is the part of the hub that the endpoint uses; hub.Hub documents the methods.
type Hub interface {
	Attach(ctx context.Context, id chat.ConnID, conn hub.Conn, auth chat.Auth, arrived int64) error
	Do(c *hub.Command) (congested hub.Conn, done bool)
	AwaitRoom(ctx context.Context, c *hub.Command) error
	Congested(id chat.ConnID, bytes int) hub.Conn
	AwaitRing(ctx context.Context, id chat.ConnID, bytes int64)
	LargestEntry(id chat.ConnID) int
	Mail(ctx context.Context, sessionID string, r chat.MailRange, yield func(*chat.MailEntry) error) error
}

// Config configures an Endpoint; static after New, except for Limits. Sizes are bytes.
type Config struct {
	Hub          Hub
	Clock        *hub.Clock // the hub's
	Log          *slog.Logger
	Metrics      *metrics.Metrics // nil: nothing is counted
	Tail         *tail.Feed       // receives what happens; nil: disabled
	Reclaim      func()           // called before a frame of megabytes is read, where memory is scarce; nil: it is not
	SocketBuffer int              // what the system may buffer for a socket in each direction, where memory is scarce; 0: it decides
	PingInterval time.Duration
	FrameMax     int // largest frame once a connection was matched
	OutboxFrames int
	OutboxBytes  int // in addition to one larger frame

	Guests   *network.Crowd[Guest] // all connections that have not authenticated, those of others included; nil: of this endpoint
	Accepted Accepted              // nil: there is nothing to count

	Limits
}

// Endpoint accepts sockets and keeps them until they end.
type Endpoint struct {
	cfg       Config               // static after New; Limits are read in live
	live      atomic.Pointer[live] // the current cfg.Limits
	upgrader  websocket.Upgrader
	budget    *budget // of frames
	replays   *budget // of messages: separate, because events behind a replay hold room for frames
	scratch   scratches
	networks  network.Tables
	crowd     *network.Crowd[*Conn] // the Conns that have entered
	hour      network.Hour
	delayed   delayed
	keepalive *keepalive
	pollers   []*poller        // of the sockets at rest
	reads     *waiter          // of sockets with a partial frame
	writes    *waiter          // of sockets whose writes would block
	clock     func() chat.Time // server time
	lastConn  atomic.Uint64

	mu        sync.Mutex
	open      int // Conns, from before their upgrade to their end
	displaced int // of those, the ones whose place another one has
	stopping  bool
	empty     chan struct{} // closed when the last Conn leaves; nil: nothing waits for that
}

const (
	// Most frames are small; larger ones bypass the buffer.
	writeBufferSize = 1024
	// handshakeTimeout bounds the writing of the 101.
	handshakeTimeout = 10 * time.Second
)

func (cfg *Config) validate() error {
	switch {
	case cfg.Hub == nil || cfg.Clock == nil || cfg.Log == nil:
		return errors.New("ws: incomplete configuration")
	case cfg.PingInterval <= 0 || cfg.OutboxFrames <= 0 || cfg.OutboxBytes <= 0:
		return errors.New("ws: a limit is not positive")
	}
	return cfg.Limits.validate(cfg.FrameMax)
}

// New returns an Endpoint; Shutdown ends it.
func New(cfg Config) (*Endpoint, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.New()
	}
	if cfg.Guests == nil {
		cfg.Guests = network.NewCrowd[Guest]()
	}
	e := &Endpoint{
		cfg: cfg,
		upgrader: websocket.Upgrader{
			WriteBufferSize:  writeBufferSize,
			WriteBufferPool:  &sync.Pool{},
			HandshakeTimeout: handshakeTimeout,
			CheckOrigin:      func(*http.Request) bool { return true }, // the server package has checked it
		},
		budget:  newBudget(cfg.InFlightMax, int64(cfg.FrameMax), int64(cfg.InFlightParts), cfg.Clock.Now),
		replays: newBudget(cfg.replayMax(cfg.FrameMax), int64(cfg.FrameMax), 1, cfg.Clock.Now),
		crowd:   network.NewCrowd[*Conn](),
		clock:   cfg.Clock.Now,
	}
	e.live.Store(newLive(cfg.Limits))
	if err := e.startPollers(); err != nil {
		e.stopPollers()
		return nil, err
	}
	e.keepalive = newKeepalive(cfg.shortest(cfg.PingInterval), e.clock)
	return e, nil
}

// Accept upgrades a request from a network and starts its connection, or refuses it.
func (e *Endpoint) Accept(w http.ResponseWriter, r *http.Request, from network.Network) {
	c := &Conn{e: e, id: chat.ConnID(e.lastConn.Add(1)), network: from, opened: e.clock()}
	c.socket.by, c.socket.fd = c, -1
	victim, late, refused := e.enter(c)
	switch {
	case refused != nil:
		e.refuse(w, from, refused)
		return
	case late:
		e.turnAway(w, r)
		e.leave(c)
		return
	case victim != nil:
		victim.Displace()
	}
	h := &hijacker{ResponseWriter: w, conn: c}
	ws, err := e.upgrader.Upgrade(h, r, nil) // answers errors by itself
	if err != nil {
		e.cfg.Metrics.Upgrade(metrics.UpgradeFailed)
		e.leave(c)
		e.Refused(from, "bad handshake", http.StatusBadRequest)
		return
	}
	e.cfg.Metrics.Upgrade(metrics.UpgradeAccepted)
	e.hour.Opened(from, wall(c.opened))
	if e.cfg.Tail.Active() {
		e.cfg.Tail.Publish(tail.Event{Type: tail.Upgrade, Conn: uint64(c.id), Network: from.ID()})
	}
	c.start(ws)
}

// turnAway closes late arrivals with 1012, like all other sockets, so that they reconnect: a refused upgrade would mean
// that the server rejects the client.
func (e *Endpoint) turnAway(w http.ResponseWriter, r *http.Request) {
	ws, err := e.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	by := time.Now().Add(closeGrace)
	code := protocol.CloseRestart
	ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, protocol.CloseText(code)), by)
	ws.SetReadDeadline(by)
	for err == nil { // until it answers: unread data makes the system reset the socket
		_, _, err = ws.NextReader()
	}
}

// whenEmpty returns a channel that is closed once no socket is open. It must be called only once, and no Conn may enter
// after that.
func (e *Endpoint) whenEmpty() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	empty := make(chan struct{})
	if e.open == 0 {
		close(empty)
	} else {
		e.empty = empty
	}
	return empty
}

// Conns returns the number of sockets.
func (e *Endpoint) Conns() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.open
}

// Shutdown closes every socket with 1012, including late arrivals, and returns when all have ended. When ctx ends it
// cuts the rest. last is closed once no more will be accepted. The hub has already stopped: what may be sent is in the
// outboxes, and what is still held back is dropped, because it must never be sent.
func (e *Endpoint) Shutdown(ctx context.Context, last <-chan struct{}) {
	e.mu.Lock()
	e.stopping = true
	e.mu.Unlock()
	for _, c := range e.keepalive.all() { // a socket in its handshake learns it when it starts
		c.restart()
	}
	select {
	case <-last:
	case <-ctx.Done():
	}
	select {
	case <-e.whenEmpty():
	case <-ctx.Done():
		for _, c := range e.keepalive.all() {
			c.abort("cut at shutdown")
		}
	}
	e.keepalive.stop()
	e.stopPollers()
}
