package checker

import "time"

// waiter is a client that is in the queue, as it knows: its place is older than since.
type waiter struct {
	since int           // the event in which it was told
	ready time.Duration // from here on it is present and may be matched
}

// never is a moment that does not come.
const never time.Duration = 1 << 62

// beaten is a waiter while two who came after it were matched.
type beaten struct {
	waiter int // its event
	by     *Event
	search int // of by
}

// m6: first come, first served. If somebody was in the queue, present and free to be matched, before two others asked,
// then it is matched before them. Of two who were matched, one may be older, and may have just left the one who waits;
// so both must have come later.
func m6(h *history, report report) {
	waiting := map[int]*waiter{} // by client
	asked := map[int]int{}       // the last search of each client, answered or not, unless something else brought it in
	first := map[string]*Event{} // matched of the first side of a chat
	lost := map[int][]beaten{}   // by waiter
	mate := h.mates()
	h.walk(func(v *view, e *Event) {
		h.trackWaiter(waiting, v, e)
		switch {
		case e.sent("search"):
			asked[e.Who] = e.Seq
		case e.heard("partner_disconnected", "resumed", "resume_failed"):
			delete(asked, e.Who)
		case e.Kind == Gone:
			h.judgeBeaten(lost[e.Who], e, report) // it waited until now
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
			// The pair was made after both searches and before the first of them heard of it.
			early, late := min(mine, theirs), max(mine, theirs)
			for who, w := range waiting {
				if w.since < early && w.ready < h.events[late].At {
					lost[who] = append(lost[who], beaten{w.since, other, early})
				}
			}
		}
	})
	for _, all := range lost { // and these until the end
		h.judgeBeaten(all, &h.events[len(h.events)-1], report)
	}
}

// mates is the other side's alias of each chat of which both sides are known.
func (h *history) mates() map[string]string {
	mates := map[string]string{}
	for _, s := range h.order {
		if s.link != nil {
			mates[s.chat] = s.link.chat
		}
	}
	return mates
}

// trackWaiter keeps waiting up to date with e.
func (h *history) trackWaiter(waiting map[int]*waiter, v *view, e *Event) {
	switch {
	case e.heard("searching") && waiting[e.Who] != nil: // it has asked again, and keeps its place
	case e.heard("searching"), e.heard("partner_disconnected"):
		ready := e.At
		switch {
		case e.Old:
			ready += h.limits.Settle + h.limits.Slack
		case v.lacks():
			ready = never // until it confirms what may be a tail
		case v.confirmedAt > 0: // … which may still be on its way
			ready = max(ready, v.confirmedAt+h.limits.Slack)
		}
		waiting[e.Who] = &waiter{since: e.Seq, ready: ready}
	case e.sent("ack") && waiting[e.Who] != nil && e.Chat == v.chat && e.N >= v.got:
		waiting[e.Who].ready = min(waiting[e.Who].ready, e.At+h.limits.Slack)
	case e.heard("resumed") && e.State == "searching" && waiting[e.Who] != nil:
		waiting[e.Who].ready = e.At
	case e.Kind == Gone && !v.old && waiting[e.Who] != nil:
		waiting[e.Who].ready = never // until it is back
	case e.heard("session_id", "resume_failed", "chat_ended", "resumed"), e.sent("end_chat"), e.Kind == Gone:
		delete(waiting, e.Who)
	}
}

// judgeBeaten reports those matches that were made while their waiter still waited for longer than a frame may be
// under way: end is when it was matched itself, or the last that is known of it.
func (h *history) judgeBeaten(all []beaten, end *Event, report report) {
	for _, b := range all {
		if end.At > b.by.At+h.limits.Slack {
			report("two who came later were matched first", b.waiter, b.search, b.by.Seq, end.Seq)
		}
	}
}
