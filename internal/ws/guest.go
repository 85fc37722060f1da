package ws

import (
	"sync"
	"time"

	"chatme/internal/network"
	"chatme/internal/protocol"
)

// Guest is a connection that has not authenticated, upgraded or not.
type Guest interface {
	// Displaceable reports whether to displace it now, or another one of its network. It is safe for the duration grace
	// after its arrival.
	Displaceable(grace time.Duration) network.Choice
	// Displace closes it soon.
	Displace()
}

// guests is a pool: a Conn is a guest for a moment only.
var guests = sync.Pool{New: func() any { return new(network.Member[Guest]) }}

// arrives makes c, which is upgraded, a guest until it has authenticated. A guest may be displaced.
func (c *Conn) arrives() {
	guest := guests.Get().(*network.Member[Guest])
	c.guest.Store(guest)
	c.e.cfg.Guests.Join(guest, c, c.network)
	c.e.crowd.Spare(&c.member)
}

// isWelcome ends c's time as a guest: c has authenticated, or ends.
func (c *Conn) isWelcome() {
	if guest := c.guest.Swap(nil); guest != nil {
		c.e.cfg.Guests.Leave(guest)
		guests.Put(guest)
	}
}

// engages is called before c does what makes its session wait or chat: from then on it is not displaced. It returns false
// if it is displaced already. Only its reader may call it.
func (c *Conn) engages() bool {
	if !c.engaged {
		c.engaged = c.e.crowd.Engage(&c.member)
	}
	return c.engaged
}

// idles is called when the session of c neither waits nor chats.
func (c *Conn) idles() { c.e.crowd.Spare(&c.member) }

// Displaceable implements Guest. A guest whose frame was not read yet, because the server is busy, is not.
func (c *Conn) Displaceable(grace time.Duration) network.Choice {
	switch {
	case c.e.clock() < c.opened.Add(grace):
		return network.Stop // and so are those that came after it
	case c.busy.Load() || c.socket.unread():
		return network.Skip
	}
	return network.Take
}

// displaceGrace is how long a close frame may take that is not written at once, because of TLS.
const displaceGrace = 100 * time.Millisecond

// Displace closes c with 1013 so that its descriptor is free at once: a peer that reads nothing must not delay the client
// that needs its place.
func (c *Conn) Displace() {
	c.isWelcome()
	c.closeFirst(protocol.CloseOverloaded, "displaced")
	if c.socket.isBare() {
		c.abort("displaced")
	} else {
		time.AfterFunc(displaceGrace, func() { c.abort("displaced") })
	}
}
