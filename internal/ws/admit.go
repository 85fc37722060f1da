package ws

import (
	"errors"
	"time"

	"chatme/internal/chat"
	"chatme/internal/hub"
)

var (
	errTooLarge = errors.New("frame too large")
	errStalled  = errors.New("no room for a frame")
	errEnding   = errors.New("the socket is closing") // while its frame waited
)

// admit returns once a frame of the given size may be read. Until then no more of it is read. *held is the part of the
// budget that the frame then holds.
func (c *Conn) admit(size int64, held *int64) error {
	c.ownGoroutine()
	c.letPartnerRead(size)
	c.letPartnersConfirm(size)
	return c.takeRest(size, held)
}

// admitMore is admit for a frame of unknown length that grows by step and has *held.
func (c *Conn) admitMore(step int64, held *int64) error {
	most := int64(c.e.cfg.FrameMax)
	if step <= 0 || *held >= most {
		return nil
	}
	if *held == 0 {
		c.letPartnerRead(most)
		c.letPartnersConfirm(most)
	}
	if c.e.budget.grow(c.network.ID(), step) {
		*held += step
		return nil
	}
	return c.takeRest(most, held)
}

// reclaimFor is how large a frame must be for memory to be reclaimed first, in bytes.
const reclaimFor = 1 << 20

// takeRest takes the rest of size from the budget, and waits in the line if it must.
func (c *Conn) takeRest(size int64, held *int64) (err error) {
	want := size - *held
	if network := c.network.ID(); !c.e.budget.take(network, want, *held) {
		c.pauses(func() { err = c.standInLine(c.e.budget.queue(network, want, *held)) })
	}
	if err != nil {
		return err
	}
	*held = size
	if reclaim := c.e.cfg.Reclaim; reclaim != nil && size >= reclaimFor {
		c.pauses(reclaim)
	}
	return nil
}

// letPartnerRead waits until the outbox of the partner has room for a large frame. It comes before the wait for memory:
// so the data in memory for one slow reader never exceeds its outbox.
func (c *Conn) letPartnerRead(bytes int64) {
	if full := c.e.cfg.Hub.Congested(c.id, int(bytes)); full != nil {
		c.pauses(func() { c.awaitPartner(full, int(bytes)) })
	}
}

// letPartnersConfirm waits until other clients have confirmed enough that the message need not be refused for lack of
// memory. It also comes before the wait for room, because the confirmation that all wait for may be behind a message in
// the line.
func (c *Conn) letPartnersConfirm(bytes int64) {
	c.pauses(func() {
		ctx, done := c.whileOpen()
		defer done()
		c.e.cfg.Hub.AwaitRing(ctx, c.id, bytes)
	})
}

// awaitPartner waits until the outbox of the current partner has room; the outbox of full has none.
func (c *Conn) awaitPartner(full hub.Conn, bytes int) {
	for full != nil && !c.isClosing() {
		c.await(full, func() bool {
			congested := c.e.cfg.Hub.Congested(c.id, bytes)
			over := congested != full
			full = congested
			return over
		})
	}
}

// standInLine waits for the room of p as long as the frames that hold room make progress, or end.
func (c *Conn) standInLine(p *place) error {
	rung, ring := rings()
	defer c.takeDown(c.hang(ring))
	patience := c.e.live.Load().StallTimeout
	since := c.e.clock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		err := errEnding
		if !c.isClosing() {
			select {
			case <-p.given:
				return nil
			case <-rung:
				continue
			case <-timer.C:
			}
			since = max(since, chat.Time(c.e.budget.moved.Load()))
			if left := since.Add(patience) - c.e.clock(); left > 0 {
				timer.Reset(time.Duration(left) * time.Millisecond)
				continue
			}
			err = errStalled
		}
		if c.e.budget.leave(p) {
			c.e.budget.free(p.of.id, p.want)
		}
		return err
	}
}

// pauses runs wait in c's own goroutine. Meanwhile c is busy and not silent, and the stall of its frame is not its
// peer's fault.
func (c *Conn) pauses(wait func()) {
	c.ownGoroutine()
	c.busy.Store(true)
	wait()
	c.begins()
	c.listens()
	c.busy.Store(false)
}

// listens restarts the peer's silence from now: what it sent meanwhile was not read.
func (c *Conn) listens() {
	now := c.e.keepalive.now.Load()
	c.seen.Store(now)
	if p := c.pings.Load(); p != nil {
		if since := p.unanswered.Load(); since != 0 {
			p.unanswered.CompareAndSwap(since, now)
		}
	}
}

// come records that 16 KiB more of a frame have arrived, or its first byte. held is the frame's part of the budget.
func (c *Conn) come(held int64) {
	c.begins()
	if held > 0 {
		c.e.budget.moves()
	}
}
