package ws

import (
	"time"

	"chatme/internal/chat"
	"chatme/internal/metrics"
	"chatme/internal/network"
)

// awaitResume waits until the session may be resumed once more, and reports whether it had to.
func (c *Conn) awaitResume(session chat.Hash) (waited bool) {
	e := c.e
	return c.awaitUnit(metrics.RateResumes, &e.networks.Resumes, network.OfSession(session[:]), e.live.Load().NetworkRates.Resumes)
}

// maySearch waits until the network of c may search once more, and may have one more session written if this search is
// the first of a new one. It reports whether the search may go on: c may be displaced while it waits.
func (c *Conn) maySearch() bool {
	e, rates := c.e, &c.e.live.Load().NetworkRates
	if c.unwritten.Load() && c.unwritten.CompareAndSwap(true, false) {
		c.awaitUnit(metrics.RateSessions, &e.networks.Sessions, c.network, rates.Sessions)
	}
	c.awaitUnit(metrics.RateSearches, &e.networks.Searches, c.network, rates.Searches)
	return c.engages()
}

// awaitUnit takes one unit of a rate that is shared with other sockets, and waits for its turn, which is behind all that
// have taken theirs. It reports whether it had to wait. Such a wait never closes the socket: others may have caused it. If
// c closes meanwhile, its unit is given back.
func (c *Conn) awaitUnit(at metrics.Rate, table *network.Table, of network.Network, rate network.Rate) (waited bool) {
	if !of.IsKnown() {
		return false
	}
	wait := table.Take(of, rate, 1, c.e.nanos())
	if wait <= 0 {
		return false
	}
	c.waitAt(c.accounts(), at, wait)
	c.busy.Store(true) // its frame is not handled yet
	if c.isClosing() {
		table.Take(of, rate, -1, c.e.nanos())
	}
	return true
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
