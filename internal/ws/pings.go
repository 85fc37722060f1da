package ws

import (
	"strconv"
	"sync/atomic"

	"chatme/internal/chat"
	"chatme/internal/hub"

	"github.com/gorilla/websocket"
)

// pings is the state of the pings that the lobby numbered. Every ping carries the newest number: a keepalive ping
// repeats it. So the numbers on one socket never fall, and a pong with a number proves that its client has read the
// first ping with that number (RFC 6455, section 5.5.3: a client need answer only the newest). All times are server
// time.
type pings struct {
	written    atomic.Uint64 // the newest number; set before it is written
	at         atomic.Int64  // when it was written
	noise      atomic.Uint64 // the value of written when the last frame other than a pong arrived
	unanswered atomic.Int64  // since when a ping waits for its pong; 0: none does
	answered   atomic.Bool   // one was answered
	listening  atomic.Bool   // the lobby wants to be told of the next byte
	followed   atomic.Bool   // more data has arrived behind the pong that is being handled
}

// expect prepares for a ping that the hub delivers. The caller holds mu.
func (c *Conn) expect(kind chat.Kind) {
	p := c.pings.Load()
	if p == nil {
		p = new(pings)
		c.pings.Store(p)
	}
	if kind == chat.Probe {
		p.listening.Store(true)
	}
}

// Sight implements hub.Conn.
func (c *Conn) Sight() chat.Sight {
	s := chat.Sight{Opened: c.opened, Heard: chat.Time(c.seen.Load()), Reading: c.progress.Load() != 0}
	if c.busy.Load() {
		s.Heard = c.e.clock() // we are not reading; the peer may well be sending
	}
	if p := c.pings.Load(); p != nil {
		s.Pinged, s.PingedAt, s.Noise = p.written.Load(), chat.Time(p.at.Load()), p.noise.Load()
		s.Reading = s.Reading || p.followed.Load()
	}
	return s
}

// writePing writes a ping with the number n, or a keepalive ping if n is 0.
func (c *Conn) writePing(n uint64) error {
	now := c.e.clock()
	p := c.pings.Load()
	switch {
	case p == nil:
		return c.ws.WritePreparedMessage(firstKeepAlive)
	case n == 0:
		n = p.written.Load()
	default:
		p.at.Store(int64(now))
		p.written.Store(n)
	}
	p.unanswered.CompareAndSwap(0, int64(now))
	return c.control(websocket.PingMessage, strconv.AppendUint(nil, n, 10))
}

// firstKeepAlive is a keepalive ping before any other ping, made once: encoding it again would be most of the work of a
// quiet server.
var firstKeepAlive = func() *websocket.PreparedMessage {
	m, err := websocket.NewPreparedMessage(websocket.PingMessage, []byte("0"))
	if err != nil {
		panic(err) // impossible
	}
	return m
}()

// noisy records that a frame other than a pong has arrived.
func (c *Conn) noisy() {
	if p := c.pings.Load(); p != nil {
		p.noise.Store(p.written.Load())
	}
}

// pong handles the answer to a ping. It informs the lobby if the lobby has sent this socket a ping.
func (c *Conn) pong(data string) error {
	if !c.countControl() {
		return nil
	}
	n, err := strconv.ParseUint(data, 10, 64)
	p := c.pings.Load()
	if err != nil || p == nil || n > p.written.Load() {
		return nil
	}
	if settlesEarly {
		n = p.written.Load()
	}
	p.unanswered.Store(0)
	p.answered.Store(true)
	p.followed.Store(c.reader.Buffered() > 0) // a client may write a pong before what was queued already
	defer p.followed.Store(false)
	c.e.cfg.Hub.Do(&hub.Command{Command: chat.Command{Op: chat.Pong, Conn: c.id, N: n}})
	return nil
}

// heardFrom informs the lobby of a byte, if it wants to know.
func (c *Conn) heardFrom() {
	if p := c.pings.Load(); p != nil && p.listening.Load() && p.listening.CompareAndSwap(true, false) {
		c.e.cfg.Hub.Do(&hub.Command{Command: chat.Command{Op: chat.Heard, Conn: c.id}})
	}
}

// appPinged informs the lobby of a ping of a client that has never answered one of ours: perhaps it cannot.
func (c *Conn) appPinged() {
	if p := c.pings.Load(); p != nil && !p.answered.Load() {
		c.e.cfg.Hub.Do(&hub.Command{Command: chat.Command{Op: chat.AppPing, Conn: c.id}})
	}
}

// unanswered reports whether a client that answers pings has left one unanswered for longer than dead.
func (c *Conn) unanswered(now, dead chat.Time) bool {
	p := c.pings.Load()
	if p == nil || !p.answered.Load() {
		return false
	}
	since := chat.Time(p.unanswered.Load())
	return since != 0 && now > since+dead
}
