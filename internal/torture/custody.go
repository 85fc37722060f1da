package torture

import (
	"time"

	"chatme/internal/client"
	"chatme/internal/protocol"
	"chatme/internal/torture/checker"
)

// took counts a received message, including one from the tail of a chat that is over, for the next ack.
func (c *chatter) took() {
	if c.old {
		return
	}
	c.unacked++
	if c.unacked >= client.AckEach {
		c.confirm()
	} else if c.ack.IsZero() {
		c.ack = time.Now().Add(c.upTo(client.AckWithin))
	}
}

func (c *chatter) confirm() {
	c.ack, c.unacked = time.Time{}, 0
	s := c.socket.State()
	if s.Partner == "" {
		return
	}
	e := c.event(checker.Sent, "ack")
	e.Chat, e.N = s.Partner, s.Got
	c.t.history.Add(e)
	c.socket.Ack() // an error here, as with every other write, means that the socket is ending
}

// goOn resends what is not in custody.
func (c *chatter) goOn() {
	c.retry, c.stopped = time.Time{}, false
	if c.old || c.chat == "" || c.over || c.leaving {
		return
	}
	s := c.socket.State()
	for _, b := range s.Copies {
		e := c.event(checker.Sent, "message")
		e.Chat, e.N = s.Partner, b.N
		e.Body, _ = checker.ParseBody(b.Text)
		c.t.history.Add(e)
	}
	c.socket.Resend()
}

// refused pauses before it continues from a number that was refused.
func (c *chatter) refused(m *protocol.ServerMessage) {
	switch m.Code {
	case "unavailable", "mailbox_full", "rate_limited", "gap":
		c.stopped = true
		if c.retry.IsZero() {
			c.retry = time.Now().Add(retryAfter)
		}
	}
}
