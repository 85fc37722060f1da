package main

import (
	"chatme/internal/chat"
	"chatme/internal/hub"
)

// sendEarly lets an event leave at once, and with it all events queued before it.
func sendEarly(c *seededConn, e hub.Event) bool {
	e.After = 0
	return c.Conn.Deliver(e)
}

// drop returns a Deliver hook that loses one event of kind in every.
func drop(kind chat.Kind, every uint64) func(*seededConn, hub.Event) bool {
	return func(c *seededConn, e hub.Event) bool {
		if e.Kind == kind && strikes(every) {
			return false
		}
		return c.Conn.Deliver(e)
	}
}

func cutMessage(c *seededConn, e hub.Event) bool {
	if e.Kind == chat.Message && len(e.Text) > 1 && strikes(10) {
		e.Text = e.Text[:len(e.Text)-1]
	}
	return c.Conn.Deliver(e)
}

func deliverTwice(c *seededConn, e hub.Event) bool {
	if e.Kind == chat.Message && strikes(10) {
		c.Conn.Deliver(e)
	}
	return c.Conn.Deliver(e)
}

func deliverToFormer(c *seededConn, e hub.Event) bool {
	if e.Kind == chat.Message {
		c.h.mu.Lock()
		former := c.h.acting.former
		also := e
		also.Alias, also.After = c.h.acting.formerly, 0
		c.h.mu.Unlock()
		if former != nil && former != c {
			former.Conn.Deliver(also)
			former.Conn.Flush()
		}
	}
	return c.Conn.Deliver(e)
}

func deliverToThird(c *seededConn, e hub.Event) bool {
	if e.Kind == chat.Message && strikes(10) {
		c.h.mu.Lock()
		var third *seededConn
		also := e
		for _, each := range c.h.conns {
			if each != c && each != c.h.acting && each.resumable == c.resumable && each.told == chat.Matched {
				third, also.Alias, also.After = each, each.alias, 0
				break
			}
		}
		c.h.mu.Unlock()
		if third != nil {
			third.Conn.Deliver(also)
			third.Conn.Flush()
		}
	}
	return c.Conn.Deliver(e)
}

// reorder holds back a message until the next event has left.
func reorder(c *seededConn, e hub.Event) bool {
	if held := c.held; held != nil {
		c.held = nil
		c.Conn.Deliver(e)
		return c.Conn.Deliver(*held)
	}
	if e.Kind == chat.Message && strikes(10) {
		c.held = &e
		return false
	}
	return c.Conn.Deliver(e)
}

func gapInstead(c *seededConn, e hub.Event) bool {
	if e.Kind == chat.Message && e.N != 0 && strikes(10) {
		e = event(chat.Event{Kind: chat.Gap, N: e.N, After: e.After})
	}
	return c.Conn.Deliver(e)
}

// replayBehind returns a Deliver hook that holds back a replay until an event of kind has left.
func replayBehind(kind chat.Kind) func(*seededConn, hub.Event) bool {
	return func(c *seededConn, e hub.Event) bool {
		if e.Kind == chat.Replay {
			c.held = &e
			return false
		}
		congested := c.Conn.Deliver(e)
		if e.Kind == kind && c.held != nil {
			congested = c.Conn.Deliver(*c.held)
			c.held = nil
		}
		return congested
	}
}

// custody returns a Deliver hook that misreports custody by this many messages.
func custody(by int) func(*seededConn, hub.Event) bool {
	return func(c *seededConn, e hub.Event) bool {
		if e.Kind == chat.Acked && e.Recv > 0 && strikes(5) {
			e.Recv = uint64(int(e.Recv) + by)
		}
		return c.Conn.Deliver(e)
	}
}

func aliasSecret(c *seededConn, e hub.Event) bool {
	c.h.mu.Lock()
	id := c.h.secrets[c.asked]
	c.h.mu.Unlock()
	if e.Kind == chat.Matched && id != "" && strikes(4) {
		e.Alias = chat.Alias(id)
	}
	return c.Conn.Deliver(e)
}
