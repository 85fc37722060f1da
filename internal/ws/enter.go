package ws

import (
	"net/http"
	"strconv"
	"time"

	"chatme/internal/chat"
	"chatme/internal/metrics"
	"chatme/internal/network"
)

// Accepted counts the connections of a network that are not upgraded.
type Accepted func(network.Network) network.Counts

// mostDisplaced is how many displaced sockets may still be open while others have their places: half of the descriptors
// that are spared for other things.
const mostDisplaced = 32

// refusal is why an upgrade is refused.
type refusal struct {
	status int
	result string        // in the metrics
	text   string        // in the answer
	reason string        // in the tail
	after  time.Duration // when to try again
}

var (
	errFull    = &refusal{http.StatusServiceUnavailable, metrics.UpgradeFull, "Full", "full", 5 * time.Second}
	errNetwork = &refusal{http.StatusServiceUnavailable, metrics.UpgradeNetwork, "Too many connections from your network", "too many connections from one network", 5 * time.Second}
	errKeys    = &refusal{http.StatusTooManyRequests, metrics.UpgradeThrottled, "Too many failed keys", "too many failed keys", time.Minute}
)

// enter counts c before its upgrade, unless that is refused. c takes the place of victim, which the caller must close. A Conn
// that is late, because the endpoint is shutting down, is always counted.
func (e *Endpoint) enter(c *Conn) (victim *Conn, late bool, refused *refusal) {
	limits := &e.live.Load().Limits
	if e.networks.Keys.Wait(c.network, limits.NetworkRates.Keys, 1, e.nanos()) > 0 {
		return nil, false, errKeys
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.stopping {
		if refused = e.share(c, limits); refused == nil {
			victim, refused = e.makeRoom(c, limits)
		}
	}
	if refused == nil {
		e.open++
		e.crowd.Join(&c.member, c, c.network)
		e.crowd.Engage(&c.member) // until it is upgraded
	}
	return victim, e.stopping, refused
}

// share refuses a socket beyond the share of its network, while more than half of the sockets are open. The caller holds
// mu.
func (e *Endpoint) share(c *Conn, limits *Limits) *refusal {
	wait := e.networks.Connects.Allow(c.network, limits.NetworkRates.Connects, 1, e.nanos())
	if !c.network.IsKnown() || 2*(e.open-e.displaced) <= limits.MaxConns {
		return nil
	}
	most, held := limits.NetworkSockets, e.crowd.Counts(c.network)
	if e.cfg.Accepted != nil {
		held = held.Plus(e.cfg.Accepted(c.network))
		most++ // the connection of this request is one of them
	}
	if limits.NetworkSockets > 0 && held.Reach(most) {
		return errNetwork
	}
	if wait > 0 {
		refused := *errNetwork
		refused.after = wait
		return &refused
	}
	return nil
}

// makeRoom finds the socket whose place c gets, if there is no other place. The caller holds mu.
func (e *Endpoint) makeRoom(c *Conn, limits *Limits) (victim *Conn, refused *refusal) {
	if e.open-e.displaced < limits.MaxConns {
		return nil, nil
	}
	if e.displaced >= mostDisplaced {
		return nil, errFull
	}
	victim, found := e.crowd.Displace(c.network)
	if !found {
		return nil, errFull
	}
	victim.replaced = true
	e.displaced++
	return victim, nil
}

// leave is called once for each Conn that has entered.
func (e *Endpoint) leave(c *Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.crowd.Leave(&c.member)
	e.open--
	if c.replaced {
		e.displaced--
	}
	if e.empty != nil && e.open == 0 {
		close(e.empty)
		e.empty = nil
	}
}

// refuse answers an upgrade that is refused.
func (e *Endpoint) refuse(w http.ResponseWriter, from network.Network, r *refusal) {
	e.cfg.Metrics.Upgrade(r.result)
	w.Header().Set("Retry-After", strconv.FormatInt(int64((r.after+time.Second-1)/time.Second), 10))
	http.Error(w, r.text, r.status)
	e.Refused(from, r.reason, r.status)
}

// nanos returns server time in nanoseconds, the unit of buckets and tables.
func (e *Endpoint) nanos() int64 { return nanos(e.clock()) }

func nanos(t chat.Time) int64 { return int64(t) * int64(time.Millisecond) }
