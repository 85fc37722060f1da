package checker

import "time"

// waiter is a client that knows that it is in the queue; its place is older than since.
type waiter struct {
	since  int           // the event in which it was told
	ready  time.Duration // from then on it is present and may be matched
	behind uint64        // of a legacy client: until it answers a ping after this many frames, it may still be writing to its last partner; 0: it has answered
}

// never is a moment that does not come.
const never time.Duration = 1 << 62

// beaten is a waiter that was passed over while two clients that came later were matched.
type beaten struct {
	waiter int // its event
	by     *Event
	search int // of by
}

// m6: first come, first served. A client that was in the queue, present and free to be matched before two others
// searched is matched before them. One of two matched clients may be older than the waiter and may have just left it,
// so both must have come later.
func m6(h *history, report report) {
	waiting := map[int]*waiter{} // by client
	asked := map[int]int{}       // the last search of each client, answered or not, unless something else put it in the queue
	first := map[string]*Event{} // the matched event of the first side of a chat
	lost := map[int][]beaten{}   // by waiter
	mate := h.mates()
	held, said := hindrance{}, map[int]time.Duration{} // said is when each client last wrote anything
	h.walk(func(v *view, e *Event) {
		h.trackWaiter(waiting, v, e)
		held.track(h, v, e)
		if e.Kind == Sent {
			said[e.Who] = e.At
		}
		switch {
		case e.sent("search"):
			asked[e.Who] = e.Seq
		case e.heard("partner_disconnected", "resumed", "resume_failed"):
			delete(asked, e.Who)
		case e.Kind == Gone:
			h.judgeBeaten(lost[e.Who], e, report) // it was waiting until now
			delete(lost, e.Who)
			delete(asked, e.Who)
		case e.heard("matched"):
			h.judgeBeaten(lost[e.Who], e, report)
			delete(lost, e.Who)
			delete(waiting, e.Who)
			other := first[mate[e.Chat]]
			first[e.Chat] = e
			mine, ok := asked[e.Who]
			if !ok || other == nil {
				break
			}
			theirs, ok := asked[other.Who]
			if !ok {
				break
			}
			// The server made the pair after both searches and before the first client heard of it.
			early, late := min(mine, theirs), max(mine, theirs)
			for who, w := range waiting {
				if w.since < early && !held[who] && h.eligible(who, w, said[who], h.events[late].At) {
					lost[who] = append(lost[who], beaten{w.since, other, early})
				}
			}
		}
	})
	for _, all := range lost { // these were waiting until the end
		h.judgeBeaten(all, &h.events[len(h.events)-1], report)
	}
}

// eligible reports whether a waiter that last wrote at said could certainly be matched at the time at: it was ready, and the
// server had heard from it recently. A legacy client must also have answered its ping and written nothing else since,
// because the server pings it again after each write.
func (h *history) eligible(who int, w *waiter, said, at time.Duration) bool {
	switch {
	case w.ready >= at || said < at-h.limits.Alive+h.limits.Slack || said > at || h.slow(who):
		return false
	case !h.events[w.since].Old:
		return true
	}
	return w.behind == 0 && h.lag[who] == 0 && h.stoodStill(w.ready-h.limits.Settle-h.limits.Slack, at) == 0
}

// mates returns, for each chat with both sides known, the other side's alias.
func (h *history) mates() map[string]string {
	mates := map[string]string{}
	for _, s := range h.order {
		if s.link != nil {
			mates[s.chat] = s.link.chat
		}
	}
	return mates
}

// trackWaiter updates waiting with e.
func (h *history) trackWaiter(waiting map[int]*waiter, v *view, e *Event) {
	switch {
	case e.heard("searching") && waiting[e.Who] != nil: // it searched again, and keeps its place
	case e.heard("searching"), e.heard("partner_disconnected"):
		ready, behind := e.At, uint64(0)
		switch {
		case e.Old:
			ready += h.limits.Settle + h.limits.Slack
			if v.chat != "" && v.ponged <= v.frames {
				behind = v.frames + 1 // includes e itself
			}
		case v.lacks():
			ready = never // until it confirms what may be a tail
		case v.confirmedAt > 0: // … which may still be in transit
			ready = max(ready, v.confirmedAt+h.limits.Slack)
		}
		waiting[e.Who] = &waiter{e.Seq, ready, behind}
	case e.sent("pong") && e.Old && waiting[e.Who] != nil && waiting[e.Who].behind > 0 && e.N >= waiting[e.Who].behind:
		waiting[e.Who].behind = 0
		waiting[e.Who].ready = max(waiting[e.Who].ready, e.At+h.limits.Settle+h.limits.Slack)
	case e.Kind == Sent && e.Old && e.Type != "pong" && waiting[e.Who] != nil:
		waiting[e.Who].ready = max(waiting[e.Who].ready, e.At+h.limits.Settle+h.limits.Slack)
		if e.Type == "end_chat" {
			delete(waiting, e.Who)
		}
	case e.sent("ack") && waiting[e.Who] != nil && e.Chat == v.chat && e.N >= v.got:
		waiting[e.Who].ready = min(waiting[e.Who].ready, e.At+h.limits.Slack)
	case e.heard("resumed") && e.State == "searching" && waiting[e.Who] != nil:
		waiting[e.Who].ready = e.At
	case e.Kind == Gone && !v.old && waiting[e.Who] != nil:
		waiting[e.Who].ready = never // until it resumes
	case e.heard("session_id", "resume_failed", "chat_ended", "resumed"), e.sent("end_chat"), e.Kind == Gone:
		delete(waiting, e.Who)
	}
}

// judgeBeaten reports the matches that were made while their waiter kept waiting for longer than a frame may be in
// transit. end is the event in which the waiter was matched itself, or the last event known of it.
func (h *history) judgeBeaten(all []beaten, end *Event, report report) {
	for _, b := range all {
		if end.At > h.seenBy(end.Who, b.by.At) {
			report("two clients that came later were matched first", b.waiter, b.search, b.by.Seq, end.Seq)
		}
	}
}
