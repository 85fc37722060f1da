package ws

import (
	"cmp"
	"time"

	"chatme/internal/chat"
	"chatme/internal/hub"
	"chatme/internal/protocol"

	"github.com/gorilla/websocket"
)

// fragment is the size in bytes in which large frames are written, so that pings interleave and the deadline of a slow
// reader is for progress and not for the whole frame.
const fragment = 32 << 10

// writeFailed is the reason of a Conn whose peer did not take what was written: usually the peer is gone.
const writeFailed = "write: socket lost or too slow"

// Deliver implements hub.Conn.
func (c *Conn) Deliver(e hub.Event) (congested bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e.Kind {
	case chat.SessionID:
		c.unwritten.Store(true)
	case chat.Matched:
		c.raiseLimit()
	case chat.Ping, chat.Probe:
		c.expect(e.Kind)
	case chat.Searching:
		if c.arrival != nil {
			c.arrival.searched = true
			c.arrived()
		}
	case chat.Resumed:
		c.session, c.arrival.fresh = c.arrival.resume, ""
		c.chargeResume(c.session) // before its client can resume again
		if e.Resumed.State == chat.ResumedMatched {
			c.raiseLimit()
		}
		if e.Resumed.State == chat.ResumedIdle {
			c.idles()
		}
	case chat.PartnerDisconnected:
		c.e.crowd.Engage(&c.member) // it is in the queue, perhaps without a search of its own
	case chat.ResumeFailed:
		c.idles()
	case chat.Replay:
		if c.arrival != nil { // it follows from the auth, so arrival is still set
			c.arrival.replays++
		}
	}
	if a := c.account.Load(); a != nil && changesPartner(e.Kind) {
		a.typing.reset()
	}
	congested = c.enqueue(item{event: e})
	if e.Kind == chat.PartnerDisconnected {
		c.parted()
	}
	return congested
}

// raiseLimit permits images, for the life of the Conn.
func (c *Conn) raiseLimit() { c.limit.Store(int64(c.e.cfg.FrameMax)) }

// Release implements hub.Conn.
func (c *Conn) Release(batch uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.released = max(c.out.released, batch)
}

// say queues a JSON text of the socket layer, behind what is queued.
func (c *Conn) say(text string) { c.put(item{raw: text}) }

// sayPong answers a ping, which never waits for the database.
func (c *Conn) sayPong() { c.put(item{raw: protocol.Pong, free: true}) }

// put queues it for this Conn's own reader, which continues once there is room.
func (c *Conn) put(it item) {
	c.mu.Lock()
	crowded := c.enqueue(it)
	c.mu.Unlock()
	c.Flush()
	if crowded {
		c.awaitOwnRoom()
	}
}

// enqueue appends it and reports whether the outbox is crowded. An item that does not fit ends the Conn: its reader is
// too slow. The caller holds mu.
func (c *Conn) enqueue(it item) (crowded bool) {
	if c.closing != 0 || c.closed {
		return false
	}
	e, cfg := &it.event, &c.e.cfg
	if e.Kind == chat.Close {
		c.setClosing(c.e.clock())
		it.raw = cmp.Or(it.raw, protocol.CloseText(e.CloseCode))
		c.note(it.raw, e.CloseCode)
		c.out.items = append(c.out.items, it)
		return false
	}
	c.out.supersede(&it, cfg.OutboxFrames, cfg.OutboxBytes)
	if !c.out.push(it, cfg.OutboxFrames, cfg.OutboxBytes) {
		c.cut("reader too slow")
		return false
	}
	if size := it.size(); isLarge(size, cfg.OutboxBytes) {
		c.e.budget.charge(c.network.ID(), int64(size))
	}
	return c.out.isCrowded(cfg.OutboxFrames)
}

// Flush implements hub.Conn: it writes what may leave, unless another goroutine is writing. A goroutine does what would
// block.
func (c *Conn) Flush() {
	c.mu.Lock()
	if c.writing || c.closed || !c.started || !c.isDue() {
		c.mu.Unlock()
		return
	}
	c.writing = true
	c.mu.Unlock()
	if !c.socket.isBare() || !c.writeOut(false) {
		go c.writeOut(true)
	}
}

// writeOut writes what may leave, until nothing more does, and clears writing. If block is false it stops, and returns
// false, before an operation that would block. Only the goroutine that has set writing may call it.
func (c *Conn) writeOut(block bool) bool {
	limit := c.e.cfg.OutboxBytes
	if block && c.flush() != nil {
		c.abort(writeFailed)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if c.closed || !c.isDue() {
			c.writing = false
			return true
		}
		if !block && c.out.open() && !c.out.first().small() {
			return false
		}
		controls := c.takeControls()
		it, ok := c.out.pop()
		c.mu.Unlock()

		err := c.writeControls(controls)
		if ok && err == nil {
			err = c.write(&it)
			c.e.observe(&it.event)
		}
		if block && err == nil {
			err = c.flush()
		}
		stuck := !block && c.socket.full()
		size, closes := it.size(), it.event.Kind == chat.Close
		it = item{} // its image must be garbage before its room is given to another

		c.mu.Lock()
		if ok && !closes {
			c.stats.out++
			c.shrank(c.out.written(size, limit))
		}
		if err != nil {
			c.cut(writeFailed)
		} else if stuck {
			return false
		}
	}
}

// flush blocks until the system has taken what was written. The keepalive enforces a deadline for progress.
func (c *Conn) flush() error { return c.socket.flush() }

func (c *Conn) write(it *item) error {
	e := &it.event
	switch {
	case e.Kind == chat.Close:
		return c.writeClose(e.CloseCode, it.raw)
	case it.raw != "":
		return c.writeText([]byte(it.raw))
	case e.Kind == chat.Ping || e.Kind == chat.Probe:
		return c.writePing(e.N)
	case e.Kind == chat.Replay:
		return c.writeReplay(e.Mail)
	}
	return c.writeEvent(&e.Event)
}

func (c *Conn) writeEvent(e *chat.Event) error {
	s := c.e.scratch.get()
	defer c.e.scratch.put(s)
	if e.Kind == chat.Message && len(e.Image) > fragment {
		s.data = protocol.AppendHead(s.data, e)
		return c.writeFragments(string(s.data), e.Image, protocol.Tail)
	}
	var hello *protocol.Hello
	switch e.Kind {
	case chat.SessionID:
		h := c.e.live.Load().Hello
		c.mu.Lock()
		h.SessionID, c.arrival.told = c.arrival.fresh, true
		c.arrived()
		c.mu.Unlock()
		hello = &h
	case chat.Resumed, chat.Matched:
		hello = &c.e.live.Load().Hello
	}
	s.data = protocol.Append(s.data, e, hello)
	return c.writeText(s.data)
}

func (c *Conn) writeText(text []byte) error {
	if len(text) > fragment {
		return c.writeFragments(string(text))
	}
	return c.ws.WriteMessage(websocket.TextMessage, text)
}

// writeFragments writes one message made of parts, in fragments, each with its own deadline.
func (c *Conn) writeFragments(parts ...string) error {
	w, err := c.ws.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	var chunk [fragment]byte
	for _, part := range parts {
		held := isLarge(len(part), c.e.cfg.OutboxBytes)
		for len(part) > 0 {
			n := copy(chunk[:], part)
			part = part[n:]
			if _, err := w.Write(chunk[:n]); err != nil {
				return err
			}
			if err := c.flush(); err != nil {
				return err
			}
			if held {
				c.e.budget.moves()
			}
			if err := c.controlsMidway(); err != nil {
				return err
			}
		}
	}
	return w.Close()
}

// writeClose sends a close frame and gives the peer a moment to answer it (RFC 6455, section 7.1.2).
func (c *Conn) writeClose(code int, text string) error {
	time.AfterFunc(closeGrace, func() { c.abort("") })
	return c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Time{})
}
