package ws

import (
	"context"

	"chatme/internal/chat"
	"chatme/internal/hub"
)

// bell wakes a reader that waits for a change of a Conn.
type bell struct {
	rung func() // called with mu of the Conn held; MUST NOT block
	next *bell  // of the same Conn
}

// A reader waits for changes of the outbox, closing and closed of a Conn, and of the chat that its session is in. EACH
// OF THEM CHANGES IN ONE SETTER ONLY, WHICH RINGS: without a ring a reader sleeps on.

// setClosing records since when a close frame is on its way; 0: it was dropped. The caller holds mu.
func (c *Conn) setClosing(since chat.Time) {
	c.closing = since
	c.ring()
}

// setClosed records that the socket is closed. The caller holds mu.
func (c *Conn) setClosed() {
	c.closed = true
	c.ring()
}

// shrank records that something has left the outbox, and returns its part of the budget. The caller holds mu.
func (c *Conn) shrank(charged int64) {
	c.e.budget.free(c.network.ID(), charged)
	c.ring()
}

// parted records that the chat of this Conn is over. The caller holds mu.
func (c *Conn) parted() { c.ring() }

// ring wakes the readers that wait for a change of c. The caller holds mu.
func (c *Conn) ring() {
	for b := c.bells; b != nil; b = b.next {
		b.rung()
	}
}

// OnChange implements hub.Conn.
func (c *Conn) OnChange(changed func()) (stop func()) {
	b := c.hang(changed)
	return func() { c.takeDown(b) }
}

// hang adds a bell that rings at every change of c, until takeDown.
func (c *Conn) hang(rung func()) *bell {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bells = &bell{rung, c.bells}
	return c.bells
}

// rings returns a channel, and a function that sends on it unless a ring is already pending.
func rings() (rung chan struct{}, ring func()) {
	rung = make(chan struct{}, 1)
	return rung, func() {
		select {
		case rung <- struct{}{}:
		default:
		}
	}
}

// whileOpen returns a context that ends when c closes, or once done is called.
func (c *Conn) whileOpen() (ctx context.Context, done func()) {
	ctx, cancel := context.WithCancel(context.Background())
	bell := c.hang(func() {
		if c.closing != 0 || c.closed {
			cancel()
		}
	})
	if c.isClosing() {
		cancel()
	}
	return ctx, func() { c.takeDown(bell); cancel() }
}

func (c *Conn) takeDown(b *bell) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := &c.bells
	for *at != b {
		at = &(*at).next
	}
	*at = b.next
}

// await returns once over reports true or c closes. It calls over again whenever c or other changes. Only the reader of
// c may call it, in its own goroutine.
func (c *Conn) await(other hub.Conn, over func() bool) {
	rung, ring := rings()
	defer c.OnChange(ring)()
	defer other.OnChange(ring)()
	for !c.isClosing() && !over() {
		<-rung
	}
}

func (c *Conn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing != 0 || c.closed
}

// HasRoom implements hub.Conn. A closing Conn has room for everything: it takes nothing more.
func (c *Conn) HasRoom(bytes int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	cfg := &c.e.cfg
	return c.closing != 0 || c.closed || c.out.hasRoom(frameOverhead+bytes, cfg.OutboxFrames, cfg.OutboxBytes)
}

// isCrowded reports whether the outbox has so many frames that the reader of c, whose frames are answered there, must
// wait.
func (c *Conn) isCrowded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.isCrowded(c.e.cfg.OutboxFrames)
}

// awaitOwnRoom waits until c is no longer crowded with answers to its own frames.
func (c *Conn) awaitOwnRoom() {
	c.ownGoroutine()
	defer c.listens()
	c.await(c, func() bool { return !c.isCrowded() })
}

// awaitHub waits until the hub has room for cmd. The error means that c closed first.
func (c *Conn) awaitHub(cmd *hub.Command) error {
	ctx, done := c.whileOpen()
	defer done()
	return c.e.cfg.Hub.AwaitRoom(ctx, cmd)
}

// command executes the command of one frame.
func (c *Conn) command(cmd *hub.Command) {
	cmd.Conn = c.id
	a := c.account.Load()
	switch cmd.Op {
	case chat.Typing:
		c.types(&c.accounts().typing, cmd)
		return
	case chat.Search, chat.Send, chat.Sleep, chat.End:
		if a != nil && a.typing.late.Load() {
			c.typesLate(&a.typing)
		}
	}
	c.do(cmd)
}

// do passes the command of one frame to the hub. A message waits until the outbox of the partner has room for it; every
// other command is executed at once. While a message waits nothing behind it is read: the frames of a socket are handled
// strictly in order, so that a Next behind two photos waits until the first has left.
func (c *Conn) do(cmd *hub.Command) {
	cmd.Conn = c.id
	congested, done := c.e.cfg.Hub.Do(cmd)
	if !done {
		defer c.listens()
	}
	for !done && !c.isClosing() {
		c.ownGoroutine()
		full := congested
		if full == nil {
			if c.awaitHub(cmd) != nil {
				return
			}
			congested, done = c.e.cfg.Hub.Do(cmd)
			continue
		}
		// The partner may have reconnected on another socket, or the chat may be over: only the hub knows.
		c.await(full, func() bool {
			congested, done = c.e.cfg.Hub.Do(cmd)
			return done || congested != full
		})
	}
	if done && congested != nil {
		c.awaitOwnRoom()
	}
}
