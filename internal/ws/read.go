package ws

import (
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"net"

	"chatme/internal/chat"
	"chatme/internal/hub"
	"chatme/internal/protocol"

	"github.com/gorilla/websocket"
)

const (
	// progressBytes must arrive within Config.ProgressTimeout while a frame is read.
	progressBytes = 16 << 10
	// smallFrame is the largest frame that is read without the budget, into a buffer of the pool.
	smallFrame = 64 << 10
	// framesPerTurn is how many frames a leader handles before it serves other Conns.
	framesPerTurn = 32
)

// readLoop serves c in its own goroutine, until it is parked or ends.
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

// ownGoroutine is called before an operation that may take time: if a leader runs this turn, another goroutine leads
// from here on.
func (c *Conn) ownGoroutine() {
	if c.leader != nil {
		c.leader.handOver(c)
	}
}

// turn reads at least one frame, and handles all that have arrived.
func (c *Conn) turn() error {
	c.borrow()
	defer c.giveBack()
	for n := 1; ; n++ {
		if n > framesPerTurn {
			c.ownGoroutine()
		}
		// gorilla would answer a ping and then wait for more.
		isControl, size, err := c.readHead()
		if !isControl && err == nil {
			err = c.readFrame(size)
		}
		c.busy.Store(false)
		if a := c.account.Load(); a != nil && a.due != 0 && err == nil {
			c.payDebt(a)
		}
		if err != nil || c.reader.Buffered() == 0 {
			return err
		}
		c.begins()
	}
}

// begins records that the first byte of a frame has arrived.
func (c *Conn) begins() { c.progress.Store(c.e.keepalive.now.Load()) }

// ends records that a frame is complete.
func (c *Conn) ends() { c.progress.Store(0) }

// readFrame reads one frame and handles it. Frames of one socket are handled strictly in order. size is the size in its
// header, 0 if unknown.
func (c *Conn) readFrame(size int64) error {
	_, r, err := c.ws.NextReader()
	if err != nil {
		return err
	}
	c.noisy()
	s := c.e.scratch.get()
	defer c.e.scratch.put(s)
	held, err := c.readPayload(r, size, &s.data)
	c.busy.Store(true)
	c.ends()
	c.noisy()
	defer func() { c.e.budget.free(c.network.ID(), held) }()
	switch {
	case errors.Is(err, errTooLarge):
		c.close(protocol.CloseTooLarge, protocol.TextTooLarge, "frame too large")
		_, err = io.Copy(io.Discard, r)
	case errors.Is(err, errStalled):
		c.close(protocol.CloseOverloaded, protocol.TextOverloaded, "no room for a frame")
		_, err = io.Copy(io.Discard, r)
	case errors.Is(err, errEnding):
		_, err = io.Copy(io.Discard, r)
	case err == nil && c.counts():
		size := len(s.data)
		c.handle(s, &held)
		s.frame.Command.Image, s.cmd.Image = "", "" // garbage before its room is given to another
		c.charge(&s.frame, size)
	}
	return err
}

// The header of a frame from a client (RFC 6455, section 5.2): complete or one fragment of several, masked, with a short
// length or a 64-bit length that follows.
const (
	whole     = 0x80
	wholePing = whole | websocket.PingMessage
	wholePong = whole | websocket.PongMessage
	masked    = 0x80
	maskSize  = 4
	longest   = 125
	size64    = 127
	head64    = 2 + 8
)

// readHead reads a ping or a pong, if that comes next, and otherwise looks at the header: size is the declared length of
// the frame, if it is unfragmented and large. gorilla handles invalid frames.
func (c *Conn) readHead() (isControl bool, size int64, err error) {
	head, err := c.reader.Peek(2)
	if err != nil {
		return false, 0, nil // gorilla gets the same error
	}
	first, short := head[0], int(head[1]&^masked)
	switch {
	case (first == wholePing || first == wholePong) && head[1]&masked != 0 && short <= longest:
		return true, 0, c.readControl(short)
	case first&whole != 0 && short == size64:
		if head, err = c.reader.Peek(head64); err == nil {
			size = int64(min(binary.BigEndian.Uint64(head[2:]), uint64(c.e.cfg.FrameMax)))
		}
	}
	return false, size, nil
}

// readControl reads a ping or a pong of the given size.
func (c *Conn) readControl(size int) error {
	frame, err := c.reader.Peek(2 + maskSize + size)
	if err != nil {
		return err
	}
	isPing := frame[0] == wholePing
	payload := make([]byte, size)
	for i, b := range frame[2+maskSize:] {
		payload[i] = b ^ frame[2+i%maskSize]
	}
	c.reader.Discard(len(frame))
	c.ends()
	if isPing {
		return c.ping(string(payload))
	}
	return c.pong(string(payload))
}

// readPayload appends the payload to *buf and returns how much of the budget it holds.
func (c *Conn) readPayload(r io.Reader, size int64, buf *[]byte) (held int64, err error) {
	b := *buf
	defer func() { *buf = b }()
	if size > c.limit.Load() {
		size = 0 // it is too large, unless the limit rises meanwhile
	}
	if size > smallFrame {
		if err := c.admit(size, &held); err != nil {
			return held, err
		}
	}
	mark := progressBytes
	speed := pace{since: c.e.recently()}
	for {
		if len(b) == cap(b) {
			before := held
			if err := c.enlarge(&b, size, &held); err != nil {
				return held, err
			}
			if held != before {
				speed.restart(len(b), c.e.recently()) // it may have waited
			}
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if int64(len(b)) > c.limit.Load() {
			return held, errTooLarge
		}
		if len(b) >= mark {
			mark = len(b) + progressBytes
			c.come(held)
			if c.isTooSlow(&speed, len(b)) {
				c.abort(frameStalled)
				return held, net.ErrClosed
			}
		}
		switch {
		case err == io.EOF:
			return held, nil
		case err != nil:
			return held, err
		}
	}
}

// enlarge grows *b, which is full, by the data received and never by the declared size: up to four times as long, once
// it is a large frame. *held is the frame's part of the budget. A frame of unknown size takes room for the growth.
func (c *Conn) enlarge(b *[]byte, size int64, held *int64) error {
	old := *b
	next := 2 * cap(old)
	if next >= smallFrame {
		c.ownGoroutine()
	}
	if next > smallFrame {
		// One byte more than the maximum, so that the end of the frame is detected.
		next = int(min(4*int64(cap(old)), cmp.Or(size, c.limit.Load())+1))
		if size == 0 {
			if err := c.admitMore(int64(next-1-cap(old)), held); err != nil {
				return err
			}
		}
	}
	*b = make([]byte, len(old), max(next, cap(old)+1))
	copy(*b, old)
	return nil
}

// counts counts a frame that was read, and reports whether to handle it.
func (c *Conn) counts() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.in++
	return c.closing == 0 && !c.closed
}

// handle does what the frame in s requests. *held is its part of the budget, which only a message keeps: any other frame may
// have to wait for long.
func (c *Conn) handle(s *scratch, held *int64) {
	f := &s.frame
	arrived := c.e.cfg.Clock.Stamp()
	err := s.decode(&c.e.live.Load().Rules)
	if f.Command.Op != chat.Send {
		c.e.budget.free(c.network.ID(), *held)
		*held = 0
	}
	authed := c.authed.Load()
	switch {
	case errors.Is(err, protocol.ErrInvalidUTF8):
		c.close(protocol.CloseInvalidUTF8, protocol.TextInvalidUTF8, "invalid UTF-8")
	case !authed && (errors.Is(err, protocol.ErrField) || err == nil && f.Kind != protocol.KindAuth):
		c.refuse("not_authenticated", protocol.ReasonNotAuthenticated, protocol.TextNotAuthenticated, "not authenticated")
	case err != nil:
		c.countMalformed()
		if authed {
			s.cmd = hub.Command{Command: malformed(f), Arrived: arrived}
			c.do(&s.cmd)
		}
	case f.Kind == protocol.KindAuth:
		c.ownGoroutine()
		c.auth(f, arrived)
	case f.Kind == protocol.KindPing:
		c.sayPong()
		c.appPinged()
	case f.Command.Op == chat.Search:
		s.cmd = hub.Command{Command: f.Command, Arrived: arrived}
		c.search(&s.cmd)
	default:
		s.cmd = hub.Command{Command: f.Command, Arrived: arrived}
		c.command(&s.cmd)
	}
}

// malformed returns the command for a frame that could not be parsed: a message whose number is known uses it up.
func malformed(f *protocol.Frame) chat.Command {
	if f.Command.Op != chat.Send {
		return chat.Command{Op: chat.Malformed, Refused: chat.ErrBadMessage}
	}
	return f.Command
}

func (c *Conn) countMalformed() {
	c.newMinute()
	c.malformed++
	if int(c.malformed) > c.e.live.Load().MalformedPerMinute {
		c.close(protocol.CloseAbuse, protocol.TextAbuse, "too many malformed frames")
	}
}
