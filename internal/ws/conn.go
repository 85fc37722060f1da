package ws

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"chatme/internal/chat"
	"chatme/internal/hub"
	"chatme/internal/network"
	"chatme/internal/protocol"

	"github.com/gorilla/websocket"
)

// Conn is one socket from its upgrade to its end.
type Conn struct {
	// static after start
	e       *Endpoint
	id      chat.ConnID
	ws      *websocket.Conn
	socket  socket // below ws
	network network.Network
	opened  chat.Time

	member   network.Member[*Conn] // of the crowd
	replaced bool                  // another one has its place; guarded by mu of the Endpoint
	engaged  bool                  // owned by its reader: it does not ask the crowd again

	// owned by the goroutine that reads: its own, or a leader of the poller
	reader         bufio.Reader  // gorilla's; it has a buffer during a turn
	lent           *bufio.Reader // the reader that owns this buffer
	leader         *leader       // that serves it; nil if it has its own goroutine
	slot           int32         // in the poller
	keepaliveIndex int32         // the index in its slot of the keepalive, whose lock guards it
	minute         chat.Time     // start of the period of the next two counts, a minute at most
	malformed      int32         // frames that could not be parsed
	controls       int32         // pings and pongs of the peer

	// atomic: the keepalive reads them
	seen      atomic.Int64                          // keepalive time of the last byte
	progress  atomic.Int64                          // keepalive time of the last progress of the frame whose first byte came last; 0: there is none
	blocked   atomic.Int64                          // keepalive time at which the current blocking write began; 0: there is none
	busy      atomic.Bool                           // its reader is working and not waiting for the peer
	authed    atomic.Bool                           // a valid auth was read; set by its reader
	resumable atomic.Bool                           // … which requested resume
	unwritten atomic.Bool                           // … and whose session has no row before its first search
	limit     atomic.Int64                          // largest frame
	pings     atomic.Pointer[pings]                 // nil: the lobby has sent it none
	guest     atomic.Pointer[network.Member[Guest]] // nil: it has authenticated, or ended
	account   atomic.Pointer[account]               // nil: it has used little of its rates

	mu       sync.Mutex
	bells    *bell                    // of the readers that wait for a change of out, closing, closed or the chat
	out      outbox                   // shrinks by shrank
	started  bool                     // start has run
	writing  bool                     // a goroutine is writing the outbox
	pingDue  bool                     // … and must send a ping
	pinged   chat.Time                // when the last one was due
	pongsDue *[]string                // … and must answer pings of the peer with these; nil: none
	closing  chat.Time                // time since which a close frame is on its way; what is read is discarded; set by setClosing
	closed   bool                     // the socket is closed and nothing more is queued; set by setClosed
	reason   string                   // reason of the close, for the log; the first one counts
	code     int                      // the close code sent or received
	session  chat.Hash                // the session this Conn is attached to, for the log
	stats    struct{ in, out uint32 } // frames

	arrival *arrival // guarded by mu; nil before auth, and once it is finished
}

const (
	// closeGrace is how long the peer may take to answer a close frame.
	closeGrace = 2 * time.Second
	// closeStuck is how long a close may wait behind frames that cannot leave.
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
	// The actual limit is checked as the payload arrives: it can rise during a read.
	ws.SetReadLimit(int64(c.e.cfg.FrameMax))
	ws.SetPingHandler(c.ping)
	ws.SetPongHandler(c.pong)
	c.mu.Lock()
	c.started = true
	c.mu.Unlock()
	c.e.keepalive.add(c)
	c.arrives()
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

// newMinute resets the counts if the minute is over.
func (c *Conn) newMinute() {
	if now := c.e.clock(); now > c.minute.Add(time.Minute) {
		c.minute, c.malformed, c.controls = now, 0, 0
	}
}

// countControl closes a peer that floods with control frames, and reports whether to handle this one.
func (c *Conn) countControl() bool {
	c.newMinute()
	c.controls++
	if c.controls <= controlsPerMinute {
		return true
	}
	c.close(protocol.CloseAbuse, "Too many control frames", "flood of control frames")
	return false
}

// ping schedules the answer to a ping of the peer as soon as possible, even between two fragments. Of several unanswered
// pings only the latest counts (RFC 6455, section 5.5.3).
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

// close sends the contents of the outbox and then a close frame; what is read from now on is discarded. reason is for
// the log.
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

// restart closes with 1012, ahead of events that wait for a commit: once the hub has stopped there will be none.
func (c *Conn) restart() { c.closeFirst(protocol.CloseRestart, "") }

// closeFirst closes with code, ahead of events that wait for a commit. reason is for the log; "": the text of the code.
func (c *Conn) closeFirst(code int, reason string) {
	defer c.Flush()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || !c.started {
		return
	}
	if reason != "" {
		c.note(reason, code)
	}
	dropped, charged := c.out.dropHeld(c.e.cfg.OutboxBytes)
	c.shrank(charged)
	if dropped > 0 {
		c.setClosing(0) // a queued close was behind the held events
	}
	if c.closing == 0 {
		c.enqueue(item{event: closing(code)})
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

// finish ends the Conn, once nothing reads it any more.
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
	c.chargeRest()
	c.e.keepalive.remove(c)
	c.isWelcome()
	c.e.leave(c)
	c.e.cfg.Log.Log(context.Background(), slog.LevelInfo, "connection ended", log...)
	c.e.cfg.Tail.Publish(closed)
}
