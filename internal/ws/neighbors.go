package ws

import (
	"time"

	"chatme/internal/chat"
	"chatme/internal/hub"
	"chatme/internal/metrics"
	"chatme/internal/network"
)

// awaitResume waits until the session may be resumed once more, and reports whether it had to. Only a resume that succeeds is
// charged (chargeResume): otherwise a client that presents invented sessions could fill the table.
func (c *Conn) awaitResume(session chat.Hash) (waited bool) {
	e := c.e
	wait := e.networks.Resumes.Wait(network.OfSession(session[:]), e.live.Load().NetworkRates.Resumes, 1, e.nanos())
	if wait <= 0 {
		return false
	}
	c.waitAt(c.accounts(), metrics.RateResumes, wait)
	c.busy.Store(true) // its frame is not handled yet
	return true
}

func (c *Conn) chargeResume(session chat.Hash) {
	e := c.e
	e.networks.Resumes.Take(network.OfSession(session[:]), e.live.Load().NetworkRates.Resumes, 1, e.nanos())
}

// search does a search. The first of a new session waits until the network of c may have one more session written. Over the
// network's rate of searches the search itself, with the Next that it may be, is not delayed: its match waits, and so does
// the reader before it reads on. A search that changes nothing counts as a ping instead, because its session may be matched
// again at once, and the new partner must not wait for the reader. c may be displaced before the search.
func (c *Conn) search(cmd *hub.Command) {
	e, rates := c.e, &c.e.live.Load().NetworkRates
	if c.unwritten.Load() && c.unwritten.CompareAndSwap(true, false) {
		c.awaitUnit(metrics.RateSessions, &e.networks.Sessions, rates.Sessions)
	}
	if !c.engages() {
		return // it is being closed
	}
	known := c.network.IsKnown()
	if known {
		cmd.Hold = e.networks.Searches.Take(c.network, rates.Searches, 1, e.nanos())
	}
	cmd.MailKey = c.mailKey()
	c.command(cmd)
	switch {
	case cmd.Vain && !waitsInVain:
		if known {
			e.networks.Searches.Take(c.network, rates.Searches, -1, e.nanos())
		}
		c.chargePing(nanos(e.recently()))
	case cmd.Hold > 0:
		c.waits(metrics.RateSearches, &e.networks.Searches, rates.Searches, cmd.Hold)
	}
}

// awaitUnit takes one unit of a rate that is shared with other sockets, and waits for its turn, which is behind all that
// have taken theirs. It reports whether it had to wait. Such a wait never closes the socket: others may have caused it. If
// c closes meanwhile, its unit is given back.
func (c *Conn) awaitUnit(at metrics.Rate, table *network.Table, rate network.Rate) {
	if !c.network.IsKnown() {
		return
	}
	if wait := table.Take(c.network, rate, 1, c.e.nanos()); wait > 0 {
		c.waits(at, table, rate, wait)
		c.busy.Store(true) // its frame is not handled yet
	}
}

// waits lets the reader wait for the turn of a unit that was taken for the network of c.
func (c *Conn) waits(at metrics.Rate, table *network.Table, rate network.Rate, wait time.Duration) {
	c.waitAt(c.accounts(), at, wait)
	if c.isClosing() {
		table.Take(c.network, rate, -1, c.e.nanos())
	}
}

// chargeNetwork charges bytes that were read to the network of c, and returns how long it is over its rate.
func (c *Conn) chargeNetwork(bytes, now int64) time.Duration {
	if !c.network.IsKnown() {
		return 0
	}
	return c.e.networks.Bytes.Take(c.network, c.e.live.Load().NetworkRates.Bytes, bytes, now)
}

// chargeRest charges what is left when c ends: reconnecting must not be free.
func (c *Conn) chargeRest() {
	if a := c.account.Load(); a != nil && a.unpaid > 0 {
		c.chargeNetwork(a.unpaid, c.e.nanos())
	}
}

// isRepeated counts an auth after the first, and reports whether there are too many.
func (c *Conn) isRepeated() bool {
	a := c.accounts()
	a.auths++
	return a.auths > c.e.live.Load().Rates.Auths
}
