package server

import (
	"net/http"
	"time"

	"chatme/internal/network"
	"chatme/internal/ws"
)

// relieve frees a descriptor, if one can be spared.
func (a *Arrivals) relieve() {
	a.mu.Lock()
	victim := a.oldestGuest()
	a.mu.Unlock()
	if victim != nil {
		victim.Displace()
	}
}

// oldestGuest returns a connection to displace; nil if there is none. The caller holds mu.
func (a *Arrivals) oldestGuest() ws.Guest {
	victim, _ := a.guests.Oldest(func(one ws.Guest, held int) network.Choice { return one.Displaceable(a.grace(held)) })
	return victim
}

// graced is how many connections of one network have their grace: those of a school or an office that connect at once. A
// network with more cannot keep others out by coming again within the grace.
const graced = 64

// grace returns the grace of a connection whose network holds this many; 0: the network is unknown.
func (a *Arrivals) grace(held int) time.Duration {
	if held > graced {
		return 0
	}
	return a.times.Grace
}

// Displaceable implements ws.Guest: not a connection to which the server owes an answer. The order is that of accept,
// which an answered request does not change: requesting /healthz in a loop does not keep a connection open. The caller
// holds mu.
func (one *arrival) Displaceable(grace time.Duration) network.Choice {
	now := time.Now()
	switch {
	case now.Sub(one.accepted) < grace:
		return network.Stop // and so are those behind it
	case one.owed(now):
		return network.Skip
	}
	return network.Take
}

// owed reports whether the server, and not the peer, is late with the first answer: a crowd that reconnects after a
// restart is served in order, and none of its connections is closed. The caller holds mu.
func (one *arrival) owed(now time.Time) bool {
	switch {
	case one.served:
		return false
	case one.state == http.StateActive:
		return one.still(now) < one.by.times.Grace
	}
	return unread(one.conn)
}

// Displace implements ws.Guest.
func (one *arrival) Displace() {
	one.by.mu.Lock()
	defer one.by.mu.Unlock()
	if !one.left {
		one.by.cut(one)
	}
}
