package ws

import (
	"errors"
	"io"
	"time"

	"chatme/internal/chat"
	"chatme/internal/protocol"
)

const (
	// progressBytes must arrive within Config.ProgressTimeout while a frame is read.
	progressBytes = 16 << 10
	// smallFrame is the most that is read without the budget, into a buffer of the pool.
	smallFrame = 64 << 10
)

var errTooLarge = errors.New("frame too large")
var errStalled = errors.New("no room for a frame")

// readLoop reads until the socket ends.
func (c *Conn) readLoop() { c.finish(c.readFrames()) }

func (c *Conn) readFrames() error {
	for {
		c.busy.Store(false)
		_, r, err := c.ws.NextReader()
		if err != nil {
			return err
		}
		if err := c.readFrame(r); err != nil {
			return err
		}
	}
}

// readFrame reads one frame and handles it. Frames of one socket are handled strictly in order.
func (c *Conn) readFrame(r io.Reader) error {
	buf := c.e.buffers.get()
	defer c.e.buffers.put(buf)
	c.progress.Store(c.e.patrol.now.Load())
	charged, err := c.readPayload(r, buf)
	c.progress.Store(0)
	c.busy.Store(true)
	defer c.e.budget.release(charged)
	switch {
	case errors.Is(err, errTooLarge):
		c.close(protocol.CloseTooLarge, protocol.TextTooLarge, "frame too large")
		_, err = io.Copy(io.Discard, r)
	case errors.Is(err, errStalled):
		c.close(protocol.CloseOverloaded, protocol.TextOverloaded, "no room for a frame")
		_, err = io.Copy(io.Discard, r)
	case err == nil && !c.isClosing():
		c.handle(*buf)
	}
	return err
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
				if !c.e.budget.acquire(int64(more), c.e.cfg.StallTimeout) {
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

func (c *Conn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.in++
	return c.closing != 0
}

// handle does what one frame asks for, and waits while the outbox that it filled is too full.
func (c *Conn) handle(data []byte) {
	f := &c.frame
	err := c.e.cfg.Rules.Decode(data, f)
	authed := c.authed.Load()
	switch {
	case errors.Is(err, protocol.ErrInvalidUTF8):
		c.close(protocol.CloseInvalidUTF8, protocol.TextInvalidUTF8, "invalid UTF-8")
	case !authed && (errors.Is(err, protocol.ErrField) || err == nil && f.Kind != protocol.KindAuth):
		c.refuse(protocol.ReasonNotAuthenticated, protocol.TextNotAuthenticated, "not authenticated")
	case err != nil:
		c.countMalformed()
		if authed {
			c.do(malformed(f))
		}
	case f.Kind == protocol.KindAuth:
		c.auth(f)
	case f.Kind == protocol.KindPing:
		c.sayPong()
		c.awaitRoom()
	default:
		c.do(&f.Command)
	}
	*f = protocol.Frame{}
}

// malformed is what the lobby is told of a frame that could not be read: a message whose number is known uses
// it up.
func malformed(f *protocol.Frame) *chat.Command {
	if f.Command.Op != chat.Send {
		f.Command = chat.Command{Op: chat.Malformed, Refused: chat.ErrBadMessage}
	}
	return &f.Command
}

func (c *Conn) do(cmd *chat.Command) {
	cmd.Conn = c.id
	if full, ok := c.e.cfg.Hub.Do(cmd).(*Conn); ok {
		full.awaitRoom()
	}
}

func (c *Conn) countMalformed() {
	now := c.e.clock()
	if now > c.malformedAt.Add(time.Minute) {
		c.malformed, c.malformedAt = 0, now
	}
	c.malformed++
	if c.malformed > c.e.cfg.MalformedPerMinute {
		c.close(protocol.CloseAbuse, protocol.TextAbuse, "too many malformed frames")
	}
}

// auth checks the key. A second valid auth changes nothing.
func (c *Conn) auth(f *protocol.Frame) {
	switch {
	case !f.KeyIsString || !c.e.keys.holds(f.APIKey):
		c.e.throttle.failed(c.addr)
		c.refuse(protocol.ReasonInvalidKey, protocol.TextAuthFailed, "invalid API key")
	case c.authed.Load():
		c.say(protocol.AuthSuccess)
		c.awaitRoom()
	default:
		c.attach(f.Resume)
	}
}

// refuse tells why the socket is closed with 4001.
func (c *Conn) refuse(why, text, reason string) {
	c.say(string(protocol.AuthError(nil, why)))
	c.close(protocol.CloseUnauthenticated, text, reason)
}
