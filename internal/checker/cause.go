package checker

import "time"

// cause says whether there is a reason for a chat to be over by the moment of e: somebody left, a window was over, or
// a side that cannot come back was lost. s is one side of it, whose other is known.
func (h *history) cause(s *side, e *Event) bool {
	return h.gaveUp(s, e) || h.gaveUp(s.link, e) || h.wroteToAway(s, e) || h.wroteToAway(s.link, e)
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
	late := e.At + h.limits.Slack
	if s.old && h.faultWithin(Killed, h.events[s.began].At-h.limits.Slack, e.At) >= 0 {
		return true
	}
	for _, i := range h.of(s.who, s.began, len(h.events)) {
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

// expired says whether the owner of s was away for as long as its chat waits, by the moment of e. The server cannot
// have seen an absence that is longer than what lies between its socket's end and the answer to its resume.
func (h *history) expired(s *side, e *Event) bool {
	window := h.limits.ChatWindow
	if s.link != nil && s.link.old {
		window = h.limits.ChatWindowOld
	}
	away, limit := time.Duration(-1), window
	for _, i := range h.of(s.who, s.began, len(h.events)) {
		of := &h.events[i]
		if of.At > e.At+h.limits.Slack {
			break
		}
		switch {
		case of.sent("sleep"):
			limit = min(window, of.For)
		case of.sent("search", "message"):
			limit = window
		case of.Kind == Gone && away < 0:
			away = of.At
		case of.heard("resumed", "session_id") && away >= 0:
			if of.At-away+h.limits.Jitter >= limit {
				return true
			}
			away, limit = -1, window
		}
	}
	return away >= 0 && e.At-away+h.limits.Jitter >= limit
}

// wroteToAway says whether the owner of s, an old client that cannot be told to wait, wrote while its partner may have
// been away: its chat may end by that.
func (h *history) wroteToAway(s *side, e *Event) bool {
	if !s.old {
		return false
	}
	for _, i := range s.said {
		if i < e.Seq && h.awayAt(s.link, h.events[i].At) {
			return true
		}
	}
	return false
}

// awayAt says whether the owner of s may have been away a little before or after a moment.
func (h *history) awayAt(s *side, at time.Duration) bool {
	gone := time.Duration(-1)
	for _, i := range h.of(s.who, s.began, len(h.events)) {
		of := &h.events[i]
		switch {
		case of.Kind == Gone && gone < 0:
			gone = of.At
		case of.heard("resumed", "session_id") && gone >= 0:
			if gone <= at+h.limits.Slack && at <= of.At {
				return true
			}
			gone = -1
		}
	}
	return gone >= 0 && gone <= at+h.limits.Slack
}
