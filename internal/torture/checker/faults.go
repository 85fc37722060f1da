package checker

import "time"

// span is the time from one moment to another.
type span struct{ from, to time.Duration }

// findSpans finds the spans of the faults that last. A fault without a recorded end lasts until the end of the history.
func (h *history) findSpans() {
	const none = -1
	end := time.Duration(0)
	if n := len(h.events); n > 0 {
		end = h.events[n-1].At
	}
	stopped, locked := time.Duration(none), time.Duration(none)
	close := func(spans *[]span, since *time.Duration, now time.Duration) {
		if *since != none {
			*spans = append(*spans, span{*since, now})
			*since = none
		}
	}
	for _, i := range h.faults {
		switch e := &h.events[i]; e.Type {
		case Stopped:
			stopped = e.At
		case Continued, Killed:
			close(&h.stops, &stopped, e.At)
		case Stalled:
			h.stops = append(h.stops, span{max(e.At-e.For, 0), e.At})
		case Locked:
			locked = e.At
		case Unlocked:
			close(&h.locks, &locked, e.At)
		}
	}
	close(&h.stops, &stopped, end)
	close(&h.locks, &locked, end)
}

// overlaps reports whether one of spans overlaps the time between from and to.
func overlaps(spans []span, from, to time.Duration) bool {
	for _, s := range spans {
		if s.from <= to && s.to >= from {
			return true
		}
	}
	return false
}

// stoodStill returns how long the server or the clients stood still between from and to. Overlapping spans count twice.
func (h *history) stoodStill(from, to time.Duration) (d time.Duration) {
	for _, s := range h.stops {
		d += max(min(s.to, to)-max(s.from, from), 0)
	}
	return d
}

// seenBy returns the latest time at which a client has seen what another client saw at a given time.
func (h *history) seenBy(who int, at time.Duration) time.Duration {
	late := at + h.limits.Slack + h.lag[who]
	for _, s := range h.stops {
		if s.from <= late && s.to >= at {
			late += s.to - max(s.from, at)
		}
	}
	return late
}

// notBefore returns the earliest time at which something happened that a client saw at a given time.
func (h *history) notBefore(who int, at time.Duration) time.Duration {
	early := at - h.limits.Slack - h.lag[who]
	for i := len(h.stops) - 1; i >= 0; i-- {
		if s := h.stops[i]; s.from <= at && s.to >= early {
			early -= min(s.to, at) - s.from
		}
	}
	return early
}

// slow reports whether a client reads so late that what the server writes to it, and then what its partner writes next,
// waits at the server.
func (h *history) slow(who int) bool { return h.lag[who] > h.limits.Slack }

// hindrance is the set of clients that the server may not be reading from: they wrote to a partner that reads slowly or
// not at all or, if there are such clients, to an unknown partner. A client leaves the set when a search of its own is
// answered or its socket ends.
type hindrance map[int]bool

// track updates held with e, before v is updated.
func (held hindrance) track(h *history, v *view, e *Event) {
	switch {
	case len(h.lag) == 0 && !h.vanishes:
	case e.Kind == Gone, e.sent("auth"), e.heard("searching") && v.asked:
		delete(held, e.Who)
	case e.sent("message"):
		s := h.sides[v.chat]
		if s == nil || s.link == nil || s.link.vanished || h.slow(s.link.who) {
			held[e.Who] = true
		}
	}
}
