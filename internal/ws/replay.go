package ws

import (
	"context"

	"chatme/internal/chat"
)

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
	err := c.e.cfg.Hub.Mail(context.Background(), secret, *r, func(m *chat.Letter) error {
		e := m.Event()
		if e.Kind == chat.Gap {
			return nil // told with those that follow it
		}
		if err := gapTo(m.N - 1); err != nil {
			return err
		}
		told = m.N
		size := int64(len(e.Text) + len(e.Image))
		if isLarge(int(size), c.e.cfg.OutboxBytes) {
			c.e.budget.charge(size)
			defer c.e.budget.release(size)
		}
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
