package checker

import "time"

// cause says whether there is a reason for a chat to be over by the moment of e: somebody left, a window was over, a
// side that cannot come back was lost, one that cannot be told to wait wrote more than can be held, or the database was
// put back. s is one side of it, whose other is known.
func (h *history) cause(s *side, e *Event) bool {
	return h.restored(s.began, e.Seq) || h.gaveUp(s, e) || h.gaveUp(s.link, e) || h.overfilled(s, e) || h.overfilled(s.link, e)
}

// gaveUp says whether the owner of s left the chat or lost it, by the moment of e.
func (h *history) gaveUp(s *side, e *Event) bool {
	return h.left(s, e) || h.expired(s, e)
}

// left says whether the owner of s ended its part by the moment of e: Next, end_chat, close 1000; of an old client
// any end of its socket. What the owner sees of a socket's end may come a little after what its partner hears.
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

// end is the event in which the owner of s heard that its chat was over; the last of the history if it never did.
func (s *side) end(h *history) int {
	if s.over >= 0 {
		return s.over
	}
	return len(h.events) - 1
}

// expired says whether the owner of s was away for as long as its chat waits, by the moment of e. The server cannot
// have seen an absence that is longer than what lies between its socket's end and the answer to its resume. Whoever
// heard of the chat as it came back may have been away before that.
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
		case of.Kind == Gone && away < 0: // which a slow client hears late
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

// overfilled says whether the owner of s, an old client, wrote more to its partner while that one was away than a
// mailbox takes, by the moment of e: its chat ends by that, since it cannot be told to wait.
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

// wasAway says whether the owner of s may have been away in its chat, by the moment of e.
func (h *history) wasAway(s *side, e *Event) bool {
	if s.late {
		return true
	}
	return h.goneBy(h.of(s.who, s.began, len(h.events)), h.seenBy(s.who, e.At))
}

// confirmed is how much of its partner's words the owner of s had confirmed for certain a while before e: by an ack
// that its socket outlived, or in a resume that was answered.
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

// goneBy says whether one of these events before a moment is the end of a socket.
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
