package torture

import "time"

const (
	// restFor is how long a client does nothing: longer than the server allows.
	restFor = 2 * tortureIdleAfter
	// newRestEvery: one new session in this many does nothing at first.
	newRestEvery = 20
)

// lapses occasionally makes a waiting client go away until it has lost its place. Its session is then idle and can be
// hibernated.
func (c *chatter) lapses() bool {
	if !c.here || c.old || c.chat != "" || c.asks > 0 || !c.t.injects(faultHibernate) || c.chance.IntN(5) != 0 {
		return false
	}
	c.drops()
	c.away = tortureQueueWindow + c.upTo(2*time.Second)
	return true
}

// searchOrRest makes a client with an idle session search or, one time in every, do nothing for a while, unless it was
// just hibernated.
func (c *chatter) searchOrRest(every int) {
	if c.old || c.rested || c.t.draining.Load() || !c.t.injects(faultHibernate) || c.chance.IntN(every) != 0 {
		c.rested = false
		c.search("")
		return
	}
	c.rests = time.Now().Add(restFor)
}

// keepsResting does almost nothing: it pings, which does not count as activity, or it loses its socket and reconnects
// at once.
func (c *chatter) keepsResting() (gone bool) {
	switch dice := c.chance.IntN(100); {
	case c.t.draining.Load(), time.Now().After(c.rests):
		c.rests = time.Time{}
		c.search("")
	case dice < 10:
		c.socket.Ping()
	case dice < 30:
		c.drops()
		c.away = c.upTo(30 * time.Millisecond)
		return true
	}
	return false
}
