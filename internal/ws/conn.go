package ws

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"chatme/internal/chat"
	"chatme/internal/hub"
	"chatme/internal/protocol"

	"github.com/gorilla/websocket"
)

// Conn is one socket from its upgrade to its end.
type Conn struct {
	// static after start
	e      *Endpoint
	id     chat.ConnID
	ws     *websocket.Conn
	socket socket     // below ws
	addr   netip.Addr // for the throttle only
	opened chat.Time

	// owned by the goroutine that reads: one of its own, or a leader of the poller
	reader    bufio.Reader  // gorilla's; it has a buffer during a turn
	lent      *bufio.Reader // whose buffer that is
	leader    *leader       // that serves it; nil if its goroutine is its own
	slot      int32         // in the poller
	beat      int32         // the index in its slot of the patrol, whose lock guards it
	minute    chat.Time     // since when the next two count, a minute at most
	malformed int32         // frames that could not be read
	controls  int32         // pings and pongs of the peer

	// atomic: the patrol reads them
	seen      atomic.Int64          // patrol time of the last byte
	progress  atomic.Int64          // patrol time at which the frame whose first byte has come last came on; 0: there is none
	blocked   atomic.Int64          // patrol time at which the write that blocks began; 0: none does
	busy      atomic.Bool           // its reader is at work and not waiting for the peer
	authed    atomic.Bool           // a valid auth was read; set by its reader
	resumable atomic.Bool           // … which asked for resume
	limit     atomic.Int64          // largest frame
	pings     atomic.Pointer[pings] // nil: the lobby has told it none

	mu       sync.Mutex
	bells    *bell                    // of the readers that wait for a change of out, closing, closed or the chat
	out      outbox                   // shrinks by shrank
	started  bool                     // start has run
	writing  bool                     // somebody writes what is in the outbox
	pingDue  bool                     // … and is to send a ping
	pinged   chat.Time                // when the last one was due
	pongsDue *[]string                // … and is to answer pings of the peer with these; nil: with none
	closing  chat.Time                // a close frame is on its way since then; what is read is discarded; set by setClosing
	closed   bool                     // the socket is closed; nothing is queued any more; set by setClosed
	reason   string                   // why, for the log; the first one counts
	code     int                      // the close code that came or went
	session  chat.Hash                // the session this Conn is attached to, for the log
	stats    struct{ in, out uint32 } // frames

	arrival *arrival // guarded by mu; nil before auth, and once it is over
}

const (
	// closeGrace is how long the peer may take to answer a close frame.
	closeGrace = 2 * time.Second
	// closeStuck is how long a close may wait behind what cannot leave.
	closeStuck = 10 * time.Second
	// controlsPerMinute is more than any library's pings and our own pongs together, and less than a flood.
	controlsPerMinute = 600
)

// start begins the life of an upgraded socket.
func (c *Conn) start(ws *websocket.Conn) {
	c.ws = ws
	c.limit.Store(int64(c.e.live.Load().FrameBeforeMatch))
	c.seen.Store(int64(c.e.clock()))
	c.pinged = c.opened
	// The limit that counts is checked as the payload arrives: it can rise while a read is under way.
	ws.SetReadLimit(int64(c.e.cfg.FrameMax))
	ws.SetPingHandler(c.ping)
	ws.SetPongHandler(c.pong)
	c.mu.Lock()
	c.started = true
	c.mu.Unlock()
	c.e.keepalive.add(c)
	c.e.mu.Lock()
	stopping := c.e.stopping
	c.e.mu.Unlock()
	if stopping {
		c.restart()
	}
	c.giveBack()
	if !c.park() {
		go c.readLoop()
	}
}

// newMinute lets the counts of a minute begin again, if it is over.
func (c *Conn) newMinute() {
	if now := c.e.clock(); now > c.minute.Add(time.Minute) {
		c.minute, c.malformed, c.controls = now, 0, 0
	}
}

// countControl closes a peer that sends nothing but control frames, and says whether this one counts.
func (c *Conn) countControl() bool {
	c.newMinute()
	c.controls++
	if c.controls <= controlsPerMinute {
		return true
	}
	c.close(protocol.CloseAbuse, "Too many control frames", "flood of control frames")
	return false
}

// ping has a ping of the peer answered as soon as may be, between two fragments too. Of many that were not answered yet
// only the latest counts (RFC 6455, section 5.5.3).
func (c *Conn) ping(data string) error {
	c.noisy()
	if !c.countControl() {
		return nil
	}
	c.mu.Lock()
	if c.closing == 0 && !c.closed {
		c.owePong(data)
	}
	c.mu.Unlock()
	c.Flush()
	return nil
}

// close sends what is in the outbox and then a close frame; what is read from now on is discarded. reason is
// for the log.
func (c *Conn) close(code int, text, reason string) {
	defer c.Flush()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing != 0 || c.closed || !c.started {
		return
	}
	c.note(reason, code)
	c.enqueue(item{event: closing(code), raw: text})
}

func closing(code int) hub.Event {
	return hub.Event{Event: chat.Event{Kind: chat.Close, CloseCode: code}}
}

// restart closes with 1012, before what waits for a commit: once the hub has stopped there will be none.
func (c *Conn) restart() {
	defer c.Flush()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || !c.started {
		return
	}
	dropped, charged := c.out.dropHeld(c.e.cfg.OutboxBytes)
	c.shrank(charged)
	if dropped > 0 {
		c.setClosing(0) // a close that was queued stood behind what was held
	}
	if c.closing == 0 {
		c.enqueue(item{event: closing(protocol.CloseRestart)})
	}
}

// note keeps the first reason and code for the log. The caller holds mu.
func (c *Conn) note(reason string, code int) {
	if c.reason == "" {
		c.reason, c.code = reason, code
	}
}

// abort cuts the socket. It does not block.
func (c *Conn) abort(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut(reason)
}

// cut is abort with mu held.
func (c *Conn) cut(reason string) {
	c.note(reason, 0)
	if c.closed {
		return
	}
	c.setClosed()
	c.shrank(c.out.clear(c.e.cfg.OutboxBytes))
	c.socket.shut()
}

// finish is the end of the Conn, once nobody reads it any more.
func (c *Conn) finish(err error) {
	var ce *websocket.CloseError
	leaves := false
	c.mu.Lock()
	switch {
	case errors.As(err, &ce) && ce.Code != websocket.CloseAbnormalClosure:
		leaves = ce.Code == websocket.CloseNormalClosure && c.closing == 0
		c.note("closed by peer", ce.Code)
	case errors.Is(err, websocket.ErrReadLimit):
		c.note("frame too large", protocol.CloseTooLarge)
	default:
		c.note("socket lost", 0)
	}
	c.cut("")
	c.socket.Close()
	log := []any{"conn", uint64(c.id), "reason", c.reason, "seconds", int64(c.e.clock()-c.opened) / 1000, "in", int64(c.stats.in), "out", int64(c.stats.out)}
	code := c.code
	if c.code != 0 {
		log = append(log, "code", c.code)
	}
	if c.authed.Load() {
		log = append(log, "session", c.session.String())
	}
	closed := c.closedEvent()
	c.mu.Unlock()
	if c.authed.Load() {
		c.e.cfg.Hub.Do(&hub.Command{Command: chat.Command{Op: chat.Detach, Conn: c.id, Leaves: leaves}})
	}
	c.e.cfg.Metrics.Closed(code)
	c.e.keepalive.remove(c)
	c.e.leave()
	c.e.cfg.Log.Log(context.Background(), slog.LevelInfo, "connection ended", log...)
	c.e.cfg.Tail.Publish(closed)
}
