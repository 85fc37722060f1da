package checker

import "slices"

// start returns the event in which a client first heard of the chat with this alias, or the start of the history if it
// never did.
func (h *history) start(chat string) int {
	if s := h.sides[chat]; s != nil {
		return s.began
	}
	return 0
}

// evidence returns the events in which sides began, and those that link each to its other side.
func (h *history) evidence(sides ...*side) []int {
	var all []int
	for _, s := range sides {
		if s == nil {
			continue
		}
		all = append(all, s.began)
		if s.link != nil {
			all = append(all, s.link.began, s.linked)
		}
	}
	return all
}

// before returns the nth event of the client before e, or its first.
func (h *history) before(e *Event, n int) int {
	all := h.of(e.Who, 0, e.Seq)
	return all[max(len(all)-1-n, 0)]
}

// last returns the last event of a client.
func (h *history) last(who int) int {
	all := h.byWho[who]
	return all[len(all)-1]
}

// comings returns the events of a side's owner, from the start of the chat to e, that are neither messages nor
// acknowledgements, and the server faults in between. If there are many, it returns those near the start and the end.
func (h *history) comings(s *side, e *Event) []int {
	const most = 24
	var all []int
	began := s.began
	if s.late && s.link != nil {
		began = min(began, s.link.began)
	}
	for _, i := range h.of(s.who, began, e.Seq) {
		if !h.events[i].sent("message", "ack", "pong") && !h.events[i].heard("message", "ack") {
			all = append(all, i)
		}
	}
	for _, i := range h.faults {
		if i >= began && i <= e.Seq {
			all = append(all, i)
		}
	}
	slices.Sort(all)
	if len(all) > most {
		all = append(all[:2:2], all[len(all)-most+2:]...)
	}
	return append(all, e.Seq)
}

// viewsAt returns what each client knew at a position in the history.
func (h *history) viewsAt(seq int) map[int]*view {
	views := map[int]*view{}
	for i := range h.events[:seq] {
		e := &h.events[i]
		if e.Kind == Fault {
			continue
		}
		if views[e.Who] == nil {
			views[e.Who] = &view{who: e.Who, old: e.Old}
		}
		views[e.Who].apply(e)
	}
	return views
}
