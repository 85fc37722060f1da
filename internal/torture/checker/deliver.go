package checker

import "fmt"

// d1: every received body was written by the current partner in this chat and is intact.
func d1(h *history, report report) {
	h.walk(func(v *view, e *Event) {
		if !e.heard("message") {
			return
		}
		to, from := h.sides[e.Chat], h.sides[e.Body.Chat]
		switch {
		case e.Body == (Body{}):
			report("received a body that no client wrote, or a damaged one", h.start(e.Chat), e.Seq)
		case e.Chat != v.chat:
			report("received a message from a chat that is not the current one", h.start(v.chat), e.Seq)
		case from == nil || from.who != e.Body.Who || !said(from, e):
			report("received a body that its writer did not send", h.start(e.Chat), e.Seq)
		case to == nil || to.link != from:
			report("received a body from another chat", append(h.evidence(to, from), from.said[e.Body.Index], e.Seq)...)
		}
	})
}

// said reports whether the body of e was sent before it was heard.
func said(s *side, e *Event) bool {
	at, ok := s.said[e.Body.Index]
	return ok && at < e.Seq
}

// d2: no body arrives twice.
func d2(h *history, report report) {
	type delivery struct {
		who  int
		body Body
	}
	seen := map[delivery]int{}
	h.walk(func(v *view, e *Event) {
		if !e.heard("message") || e.Body == (Body{}) {
			return
		}
		d := delivery{e.Who, e.Body}
		if before, twice := seen[d]; twice {
			report("a body arrived twice", h.start(e.Chat), before, e.Seq)
		}
		seen[d] = e.Seq
	})
}

// d3: in each chat and direction, messages arrive in order. A resumable client misses none, except where a gap stands
// for them.
func d3(h *history, report report) {
	last := map[string]*Event{} // by the reader's alias for the writer
	h.walk(func(v *view, e *Event) {
		if !e.heard("message") || e.Body == (Body{}) {
			return
		}
		before := last[e.Chat]
		if before != nil && before.Body.Chat == e.Body.Chat && e.Body.Index < before.Body.Index {
			report("a message arrived after a later one", h.sentAt(before), h.sentAt(e), before.Seq, e.Seq)
		}
		if !v.old && e.Chat == v.chat && e.N != v.got+1 {
			report(fmt.Sprintf("message number %d followed %d", e.N, v.got), h.start(e.Chat), e.Seq)
		}
		last[e.Chat] = e
	})
}

// sentAt returns the event in which the body of e was sent, or e itself if it never was.
func (h *history) sentAt(e *Event) int {
	if s := h.sides[e.Body.Chat]; s != nil {
		if at, ok := s.said[e.Body.Index]; ok {
			return at
		}
	}
	return e.Seq
}

// d4: an acknowledged body arrives, unless its receiver gave it up or has not returned. A gap in place of its number
// does not excuse it.
func d4(h *history, report report) {
	h.eachLost(func(s *side, index uint64, acked int) {
		if !s.link.heardEnd(h) && !h.undone(s) {
			report("an acknowledged message did not arrive", s.said[index], acked, s.link.began, h.last(s.link.who))
		}
	})
	for _, s := range h.order {
		if s.link == nil {
			continue
		}
		for _, g := range s.link.gaps {
			if h.asked(s.link, g.at) || h.restored(s.link.began, g.at) {
				continue // what was held for it was deleted while it was being sent, or with the database
			}
			for index, sent := range s.said {
				if g.above < index && index <= g.upTo && index <= s.recv(h) {
					report("an acknowledged message was replaced by a gap", sent, s.ackedAt(h, index), g.at)
				}
			}
		}
	}
}

// asked reports whether the owner of s asked to leave before an event.
func (h *history) asked(s *side, before int) bool {
	for _, i := range h.of(s.who, s.began, before) {
		if of := &h.events[i]; of.sent("end_chat") || of.sent("search") && (of.Chat == s.chat || of.Chat == "") {
			return true
		}
	}
	return false
}

// d5: an acknowledged body arrives before partner_disconnected, and nothing arrives after it, unless a restored
// database holds a tail of the chat.
func d5(h *history, report report) {
	h.eachLost(func(s *side, index uint64, acked int) {
		if s.link.heardEnd(h) && !h.undone(s) {
			report("a chat ended before an acknowledged message arrived", s.said[index], acked, s.link.over)
		}
	})
	h.walk(func(v *view, e *Event) {
		if e.heard("message") && e.Chat == v.chat && v.over && !h.restored(h.sides[e.Chat].over, e.Seq) {
			report("a message arrived after the end of its chat", h.start(e.Chat), h.sides[e.Chat].over, e.Seq)
		}
	})
}

// heardEnd reports whether the owner of s was told that its partner left. Until then the server must deliver
// everything, no matter which of the two was away, or for how long.
func (s *side) heardEnd(h *history) bool {
	return s.over >= 0 && h.events[s.over].heard("partner_disconnected")
}

// eachLost calls lost with each acknowledged body that was never heard, although its receiver did not give it up and
// was either told of the end or is connected at the end of the history. acked is the event that acknowledged the body.
func (h *history) eachLost(lost func(s *side, index uint64, acked int)) {
	ends := h.viewsAt(len(h.events))
	for _, s := range h.order {
		recv := s.recv(h)
		if recv == 0 || s.link == nil || !s.link.old && h.gaveItUp(s.link) {
			continue
		}
		// A message to a legacy client is acknowledged only once the client has it.
		if v := ends[s.link.who]; !s.link.old && !s.link.heardEnd(h) && !(v.present && v.life == s.link.life) {
			continue // it may still arrive
		}
		for index := range s.said {
			if _, arrived := s.link.heard[index]; !arrived && index <= recv {
				lost(s, index, s.ackedAt(h, index))
			}
		}
	}
}

// gaveItUp reports whether the owner of s, a resumable client, gave up what was held for it: it ended its session or
// pressed Next. A Next that crosses partner_disconnected is dropped, unless the socket was lost in between.
func (h *history) gaveItUp(s *side) bool {
	if s.crossing { // its end_chat, which names no chat, was in transit when this chat began
		return true
	}
	asked := false
	for _, i := range h.of(s.who, s.began, s.end(h)) {
		switch of := &h.events[i]; {
		case of.sent("end_chat"), of.Kind == Gone && of.Own && of.CloseCode == closedInOrder:
			return true
		case of.sent("search") && (of.Chat == s.chat || of.Chat == ""):
			asked = true
		case of.Kind == Gone && asked:
			return true
		}
	}
	return asked && !s.heardEnd(h)
}

// undone reports whether the database was restored while messages that s was told are in custody had yet to arrive.
func (h *history) undone(s *side) bool { return h.restored(s.began, s.link.end(h)) }

// recv returns the number up to which the owner of s was told that its messages are in custody.
func (s *side) recv(h *history) uint64 {
	if len(s.acks) == 0 {
		return 0
	}
	return h.events[s.acks[len(s.acks)-1]].Recv
}

// ackedAt returns the event that acknowledged a message.
func (s *side) ackedAt(h *history, index uint64) int {
	for _, i := range s.acks {
		if h.events[i].Recv >= index {
			return i
		}
	}
	return s.began
}

// d6: after the drain nothing is left over. Everything sent in a chat that continues is acknowledged, and no file of
// the server contains the marker that every body carries. The clients cannot tell whether their mailboxes are empty;
// the caller checks that on disk.
func d6(h *history, report report) {
	for _, i := range h.faults {
		switch e := &h.events[i]; e.Type {
		case Leaked:
			report("the text of a message was found in "+e.Code, i)
		case Kept:
			report("after the drain a mailbox still holds "+e.Code, i)
		}
	}
	if h.quiet < 0 {
		return
	}
	for who, v := range h.viewsAt(h.quiet) {
		if v.present && !v.old && v.chat != "" && !v.over && v.said > v.recv {
			report(fmt.Sprintf("after the drain, of %d messages only %d are acknowledged", v.said, v.recv),
				h.start(v.chat), h.last(who), h.quiet)
		}
	}
}
