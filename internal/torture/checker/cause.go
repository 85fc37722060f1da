package checker

import "time"

// cause reports whether there was a reason for a chat to be over by the time of e: a side left, a window expired, a
// side that cannot resume was lost, a side that cannot be told to wait wrote more than the mailbox holds, or the
// database was restored. s is one side of the chat; its other side must be known.
func (h *history) cause(s *side, e *Event) bool {
	return h.restored(s.began, e.Seq) || h.gaveUp(s, e) || h.gaveUp(s.link, e) || h.overfilled(s, e) || h.overfilled(s.link, e)
}

// gaveUp reports whether the owner of s left or lost the chat by the time of e.
func (h *history) gaveUp(s *side, e *Event) bool {
	return h.left(s, e) || h.expired(s, e)
}

// left reports whether the owner of s ended its part by the time of e: Next, end_chat, close 1000 or, for a legacy
// client, any end of its socket. The owner may see the end of its socket slightly later than its partner hears of it.
func (h *history) left(s *side, e *Event) bool {
	if s.crossing {
		return true
	}
	late := h.seenBy(s.who, e.At)
	if s.old && h.faultWithin(Killed, h.notBefore(s.who, h.events[s.began].At), e.At) >= 0 {
		return true
	}
	for _, i := range h.of(s.who, s.began, s.end(h)) {
		of := &h.events[i]
		switch {
		case of.At > late:
			return false
		case of.sent("search") && (of.Chat == s.chat || of.Chat == ""), of.sent("end_chat"):
			return true
		case of.Kind == Gone && (s.old || of.Own && of.CloseCode == closedInOrder):
			return true
		}
	}
	return false
}

// end returns the event in which the owner of s heard that its chat was over, or the last of the history if it never
// did.
func (s *side) end(h *history) int {
	if s.over >= 0 {
		return s.over
	}
	return len(h.events) - 1
}

// expired reports whether the owner of s was away for as long as its chat waits, by the time of e. The server cannot
// have seen an absence longer than the time between the end of the socket and the answer to the resume. An owner that
// heard of the chat on resuming may have been away before that.
func (h *history) expired(s *side, e *Event) bool {
	window := h.limits.ChatWindow
	if s.link != nil && s.link.old {
		window = h.limits.ChatWindowOld
	}
	from, earliest := s.began, time.Duration(0)
	if s.late {
		from = 0
		if s.link != nil && !s.link.late {
			earliest = h.notBefore(s.link.who, h.events[s.link.began].At)
		}
	}
	long := func(gone, back, limit time.Duration) bool {
		return back-max(gone, earliest)+h.limits.Jitter >= limit
	}
	away, limit := time.Duration(-1), window
	for _, i := range h.of(s.who, from, s.end(h)) {
		of := &h.events[i]
		if of.At > h.seenBy(s.who, e.At) {
			break
		}
		switch {
		case of.sent("sleep"):
			limit = min(window, of.For)
		case of.sent("search", "message"):
			limit = window
		case of.Kind == Gone && away < 0 && of.Own:
			away = of.At
		case of.Kind == Gone && away < 0: // a slow client hears this late
			away = max(of.At-h.lag[s.who], 0)
		case of.heard("resumed", "session_id") && away >= 0:
			if long(away, of.At, limit) {
				return true
			}
			away, limit = -1, window
		}
	}
	return away >= 0 && long(away, e.At, limit)
}

// overfilled reports whether, by the time of e, the owner of s, a legacy client, wrote more to its absent partner than
// a mailbox holds. That ends the chat, since a legacy client cannot be told to wait.
func (h *history) overfilled(s *side, e *Event) bool {
	if !s.old || !h.wasAway(s.link, e) {
		return false
	}
	var said uint64
	for index, i := range s.said {
		if i < e.Seq {
			said = max(said, index)
		}
	}
	return said > h.confirmed(s.link, e)+uint64(h.limits.Mailbox)
}

// wasAway reports whether the owner of s may have been away during its chat by the time of e.
func (h *history) wasAway(s *side, e *Event) bool {
	if s.late {
		return true
	}
	return h.goneBy(h.of(s.who, s.began, len(h.events)), h.seenBy(s.who, e.At))
}

// confirmed returns how many of its partner's messages the owner of s had certainly confirmed some time before e: by an
// ack that its socket outlived, or in a resume that was answered.
func (h *history) confirmed(s *side, e *Event) (sure uint64) {
	claim := uint64(0)
	all := h.of(s.who, s.began, e.Seq)
	for at, i := range all {
		of := &h.events[i]
		switch {
		case of.At > h.notBefore(s.who, e.At):
			return sure
		case of.Chat != s.chat:
		case of.sent("ack") && !h.goneBy(all[at:], h.seenBy(s.who, of.At)):
			sure = max(sure, of.N)
		case of.sent("auth"):
			claim = of.N
		case of.heard("resumed"):
			sure = max(sure, claim)
		}
	}
	return sure
}

// goneBy reports whether a socket ended in one of these events by the given time.
func (h *history) goneBy(events []int, moment time.Duration) bool {
	for _, i := range events {
		switch of := &h.events[i]; {
		case of.At > moment:
			return false
		case of.Kind == Gone:
			return true
		}
	}
	return false
}
