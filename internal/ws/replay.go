package ws

import (
	"context"
	"net"
	"time"

	"chatme/internal/chat"
)

// controlsEvery is how often pings and pongs go out while a replay waits.
const controlsEvery = time.Second

// awaitReplay waits until one more large letter may be in memory, if there are any in this mailbox, or c is closed. It
// returns how much room that is; the letters are read one at a time.
func (c *Conn) awaitReplay() (held int64, err error) {
	size := c.e.cfg.Hub.Heaviest(c.id)
	if !isLarge(size, c.e.cfg.OutboxBytes) {
		return 0, nil
	}
	place := c.e.replays.queue(min(int64(size), c.e.replays.most), 0)
	rung, ring := rings()
	defer c.takeDown(c.hang(ring))
	tick := time.NewTicker(controlsEvery)
	defer tick.Stop()
	for {
		select {
		case <-place.given:
			return place.want, nil
		case <-tick.C:
			err = c.controlsMidway()
		case <-rung:
			if c.isClosed() {
				err = net.ErrClosed
			}
		}
		if err != nil {
			if c.e.replays.leave(place) {
				c.e.replays.release(place.want)
			}
			return 0, err
		}
	}
}

func (c *Conn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// writeReplay writes the letters of r from disk, one at a time, as fast as the peer takes them; a number without a
// body shows as a gap. What came in the meantime waits behind it in the outbox.
func (c *Conn) writeReplay(r *chat.MailRange) error {
	secret := ""
	c.mu.Lock()
	if c.arrival != nil {
		secret = c.arrival.presented
	}
	c.mu.Unlock()
	told := r.After
	var unwritten error // the socket is lost
	write := func(e *chat.Event) error {
		unwritten = c.writeEvent(e)
		return unwritten
	}
	gapTo := func(n uint64) error {
		if n <= told {
			return nil
		}
		told = n
		return write(&chat.Event{Kind: chat.Gap, N: n})
	}
	held, err := c.awaitReplay()
	if err != nil {
		return err
	}
	defer c.e.replays.release(held)
	err = c.e.cfg.Hub.Mail(context.Background(), secret, *r, func(m *chat.Letter) error {
		e := m.Event()
		if e.Kind == chat.Gap {
			return nil // told with those that follow it
		}
		if err := gapTo(m.N - 1); err != nil {
			return err
		}
		told = m.N
		return write(&e)
	})
	if err == nil {
		err = gapTo(r.UpTo)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && unwritten == nil {
		c.e.cfg.Log.Error("read a mailbox", "session", c.session.String(), "error", err)
		c.note("mailbox unreadable", 0)
	}
	if c.arrival != nil {
		c.arrival.replays--
		c.arrived()
	}
	return err
}
