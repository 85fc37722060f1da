package ws

import (
	"errors"
	"io"

	"chatme/internal/chat"
	"chatme/internal/protocol"
	"chatme/internal/tail"

	"github.com/gorilla/websocket"
)

const (
	// progressBytes must arrive within Config.ProgressTimeout while a frame is read.
	progressBytes = 16 << 10
	// smallFrame is the most that is read without the budget, into a buffer of the pool.
	smallFrame = 64 << 10
	// framesPerTurn is how many frames a leader handles before it looks after others.
	framesPerTurn = 32
)

var errTooLarge = errors.New("frame too large")
var errStalled = errors.New("no room for a frame")

// readLoop serves c in a goroutine of its own, until it is parked or ends.
func (c *Conn) readLoop() { c.goOn(c.turn()) }

// goOn is readLoop after a turn that ended with err.
func (c *Conn) goOn(err error) {
	for ; err == nil; err = c.turn() {
		if c.park() {
			return
		}
	}
	c.finish(err)
}

// park gives c to a poller, if that can serve it.
func (c *Conn) park() bool {
	if !c.socket.isBare() {
		return false
	}
	c.socket.rests()
	return c.e.poller(c.id).park(c)
}

// ownGoroutine is called before what may take time: if a leader runs this turn, somebody else leads from here on.
func (c *Conn) ownGoroutine() {
	if c.leader != nil {
		c.leader.handOver(c)
	}
}

// turn reads at least one frame, and handles those that are there.
func (c *Conn) turn() error {
	c.borrow()
	defer c.giveBack()
	for n := 1; ; n++ {
		if n > framesPerTurn {
			c.ownGoroutine()
		}
		// gorilla would answer a ping and then wait for more.
		isControl, err := c.readControl()
		if !isControl && err == nil {
			err = c.readFrame()
		}
		c.busy.Store(false)
		if err != nil || c.reader.Buffered() == 0 {
			return err
		}
		c.begins()
	}
}

// begins notes that the first byte of a frame has come.
func (c *Conn) begins() { c.progress.Store(c.e.patrol.now.Load()) }

// ends notes that a frame is whole.
func (c *Conn) ends() { c.progress.Store(0) }

// readFrame reads one frame and handles it. Frames of one socket are handled strictly in order.
func (c *Conn) readFrame() error {
	_, r, err := c.ws.NextReader()
	if err != nil {
		return err
	}
	c.noisy()
	s := c.e.scratch.get()
	defer c.e.scratch.put(s)
	charged, err := c.readPayload(r, &s.data)
	c.busy.Store(true)
	c.ends()
	c.noisy()
	defer c.e.budget.release(charged)
	switch {
	case errors.Is(err, errTooLarge):
		c.close(protocol.CloseTooLarge, protocol.TextTooLarge, "frame too large")
		_, err = io.Copy(io.Discard, r)
	case errors.Is(err, errStalled):
		c.stalled()
		_, err = io.Copy(io.Discard, r)
	case err == nil && c.counts():
		c.handle(s)
	}
	return err
}

// The first two bytes of a ping and of a pong from a client (RFC 6455, section 5.2): a whole frame, masked, of so many
// bytes.
const (
	wholePing = 0x80 | websocket.PingMessage
	wholePong = 0x80 | websocket.PongMessage
	masked    = 0x80
	maskSize  = 4
	longest   = 125
)

// readControl reads a ping or a pong, if that comes next. What is wrong with a frame is left to gorilla.
func (c *Conn) readControl() (isControl bool, err error) {
	head, err := c.reader.Peek(2)
	if err != nil {
		return false, nil // gorilla meets the same
	}
	first, size := head[0], int(head[1]&^masked)
	if first != wholePing && first != wholePong || head[1]&masked == 0 || size > longest {
		return false, nil
	}
	frame, err := c.reader.Peek(2 + maskSize + size)
	if err != nil {
		return true, err
	}
	payload := make([]byte, size)
	for i, b := range frame[2+maskSize:] {
		payload[i] = b ^ frame[2+i%maskSize]
	}
	c.reader.Discard(len(frame))
	c.ends()
	if first == wholePing {
		return true, c.ping(string(payload))
	}
	return true, c.pong(string(payload))
}

// stalled closes c because the frames in memory leave no room for its own.
func (c *Conn) stalled() {
	c.close(protocol.CloseOverloaded, protocol.TextOverloaded, "no room for a frame")
}

// readPayload appends the payload to *buf and returns how much of the budget it holds.
func (c *Conn) readPayload(r io.Reader, buf *[]byte) (charged int64, err error) {
	b := *buf
	defer func() { *buf = b }()
	mark := progressBytes
	for {
		if len(b) == cap(b) {
			more := cap(b)
			if more >= smallFrame/2 {
				c.ownGoroutine()
				if !c.e.budget.acquire(int64(more), c.e.live.Load().StallTimeout) {
					return charged, errStalled
				}
				charged += int64(more)
			}
			grown := make([]byte, len(b), cap(b)+more)
			copy(grown, b)
			b = grown
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if int64(len(b)) > c.limit.Load() {
			return charged, errTooLarge
		}
		if len(b) >= mark {
			mark = len(b) + progressBytes
			c.progress.Store(c.e.patrol.now.Load())
		}
		switch {
		case err == io.EOF:
			return charged, nil
		case err != nil:
			return charged, err
		}
	}
}

// counts counts a frame that was read, and reports whether it is to be handled.
func (c *Conn) counts() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.in++
	return c.closing == 0 && !c.closed
}

// handle does what the frame in s asks for.
func (c *Conn) handle(s *scratch) {
	f := &s.frame
	arrived := c.e.cfg.Clock.Stamp()
	err := c.e.live.Load().Rules.Decode(s.data, f)
	s.decoded()
	f.Command.Arrived = arrived
	authed := c.authed.Load()
	switch {
	case errors.Is(err, protocol.ErrInvalidUTF8):
		c.close(protocol.CloseInvalidUTF8, protocol.TextInvalidUTF8, "invalid UTF-8")
	case !authed && (errors.Is(err, protocol.ErrField) || err == nil && f.Kind != protocol.KindAuth):
		c.refuse("not_authenticated", protocol.ReasonNotAuthenticated, protocol.TextNotAuthenticated, "not authenticated")
	case err != nil:
		c.countMalformed()
		if authed {
			c.do(malformed(f))
		}
	case f.Kind == protocol.KindAuth:
		c.ownGoroutine()
		c.auth(f)
	case f.Kind == protocol.KindPing:
		c.sayPong()
		c.appPinged()
	default:
		c.do(&f.Command)
	}
}

// malformed is what the lobby is told of a frame that could not be read: a message whose number is known uses
// it up.
func malformed(f *protocol.Frame) *chat.Command {
	if f.Command.Op != chat.Send {
		f.Command = chat.Command{Op: chat.Malformed, Refused: chat.ErrBadMessage}
	}
	return &f.Command
}

func (c *Conn) countMalformed() {
	c.newMinute()
	c.malformed++
	if int(c.malformed) > c.e.live.Load().MalformedPerMinute {
		c.close(protocol.CloseAbuse, protocol.TextAbuse, "too many malformed frames")
	}
}

// auth checks the key. A second valid auth changes nothing.
func (c *Conn) auth(f *protocol.Frame) {
	switch {
	case !f.KeyIsString || !c.e.live.Load().keys.holds(f.APIKey):
		c.e.throttle.failed(c.addr)
		c.refuse("invalid_key", protocol.ReasonInvalidKey, protocol.TextAuthFailed, "invalid API key")
	case c.authed.Load():
		c.say(protocol.AuthSuccess)
	default:
		c.attach(f.Resume, f.Command.Arrived)
	}
}

// refuse tells why the socket is closed with 4001. code is for the figures, and reason for the log.
func (c *Conn) refuse(code, why, text, reason string) {
	c.e.cfg.Metrics.Error(code)
	if c.e.cfg.Tail.Active() {
		c.e.cfg.Tail.Publish(tail.Event{Type: tail.Auth, Conn: uint64(c.id), Failed: true, Reason: reason})
	}
	c.say(string(protocol.AuthError(nil, why)))
	c.close(protocol.CloseUnauthenticated, text, reason)
}
