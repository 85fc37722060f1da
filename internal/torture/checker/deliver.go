package checker

import "fmt"

// d1: every body received was written by the current partner in this very chat, and is whole.
func d1(h *history, report report) {
	h.walk(func(v *view, e *Event) {
		if !e.heard("message") {
			return
		}
		to, from := h.sides[e.Chat], h.sides[e.Body.Chat]
		switch {
		case e.Body == (Body{}):
			report("a body that nobody wrote, or not whole", h.start(e.Chat), e.Seq)
		case e.Chat != v.chat:
			report("a message of a chat that is not the current one", h.start(v.chat), e.Seq)
		case from == nil || from.who != e.Body.Who || !said(from, e):
			report("a body that its writer has not written", h.start(e.Chat), e.Seq)
		case to == nil || to.link != from:
			report("a body of another chat", append(h.evidence(to, from), from.said[e.Body.Index], e.Seq)...)
		}
	})
}

// said says whether the body of e was sent before it was heard.
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
			report("a body arrives twice", h.start(e.Chat), before, e.Seq)
		}
		seen[d] = e.Seq
	})
}

// d3: in each chat and direction messages arrive in order, and to a resumable client with none missing that no gap
// stands for.
func d3(h *history, report report) {
	last := map[string]*Event{} // by the reader's alias for the writer
	h.walk(func(v *view, e *Event) {
		if !e.heard("message") || e.Body == (Body{}) {
			return
		}
		before := last[e.Chat]
		if before != nil && before.Body.Chat == e.Body.Chat && e.Body.Index < before.Body.Index {
			report("a message is overtaken by a later one", h.sentAt(before), h.sentAt(e), before.Seq, e.Seq)
		}
		if !v.old && e.Chat == v.chat && e.N != v.got+1 {
			report(fmt.Sprintf("number %d follows %d", e.N, v.got), h.start(e.Chat), e.Seq)
		}
		last[e.Chat] = e
	})
}

// sentAt is where the body of e was sent; its own place if it never was.
func (h *history) sentAt(e *Event) int {
	if s := h.sides[e.Body.Chat]; s != nil {
		if at, ok := s.said[e.Body.Index]; ok {
			return at
		}
	}
	return e.Seq
}

// d4: a body that was acknowledged arrives, unless its receiver gave it up or has not come back. That its number is a
// gap is no excuse for anybody.
func d4(h *history, report report) {
	h.eachLost(func(s *side, index uint64, acked int) {
		if !s.link.heardEnd(h) && !h.undone(s) {
			report("an acknowledged message has not arrived", s.said[index], acked, s.link.began, h.last(s.link.who))
		}
	})
	for _, s := range h.order {
		if s.link == nil {
			continue
		}
		for _, g := range s.link.gaps {
			if h.asked(s.link, g.at) || h.restored(s.link.began, g.at) {
				continue // what was held for it went while it was being sent, or with the database
			}
			for index, sent := range s.said {
				if g.above < index && index <= g.upTo && index <= s.recv(h) {
					report("an acknowledged message is a gap", sent, s.ackedAt(h, index), g.at)
				}
			}
		}
	}
}

// asked says whether the owner of s has asked to leave before an event.
func (h *history) asked(s *side, before int) bool {
	for _, i := range h.of(s.who, s.began, before) {
		if of := &h.events[i]; of.sent("end_chat") || of.sent("search") && (of.Chat == s.chat || of.Chat == "") {
			return true
		}
	}
	return false
}

// d5: a body that was acknowledged arrives before partner_disconnected, and nothing after it, unless a database was put
// back that holds a tail of the chat.
func d5(h *history, report report) {
	h.eachLost(func(s *side, index uint64, acked int) {
		if s.link.heardEnd(h) && !h.undone(s) {
			report("a chat is over before an acknowledged message has arrived", s.said[index], acked, s.link.over)
		}
	})
	h.walk(func(v *view, e *Event) {
		if e.heard("message") && e.Chat == v.chat && v.over && !h.restored(h.sides[e.Chat].over, e.Seq) {
			report("a message arrives after the end of its chat", h.start(e.Chat), h.sides[e.Chat].over, e.Seq)
		}
	})
}

// heardEnd says whether the owner of s was told that its partner is gone: until then it had to be given everything,
// whoever of the two was away, and for how long.
func (s *side) heardEnd(h *history) bool {
	return s.over >= 0 && h.events[s.over].heard("partner_disconnected")
}

// eachLost calls lost with each body that was acknowledged and never heard although its receiver did not give it up
// and was told of the end, or is there as the history ends. acked is the event that acknowledged it.
func (h *history) eachLost(lost func(s *side, index uint64, acked int)) {
	ends := h.viewsAt(len(h.events))
	for _, s := range h.order {
		recv := s.recv(h)
		if recv == 0 || s.link == nil || !s.link.old && h.gaveItUp(s.link) {
			continue
		}
		// What an old client has is all that is ever acknowledged on its behalf.
		if v := ends[s.link.who]; !s.link.old && !s.link.heardEnd(h) && !(v.present && v.life == s.link.life) {
			continue // it may still come
		}
		for index := range s.said {
			if _, arrived := s.link.heard[index]; !arrived && index <= recv {
				lost(s, index, s.ackedAt(h, index))
			}
		}
	}
}

// gaveItUp says whether the owner of s, a resumable client, has given up what was held for it: it ended its session, or pressed Next. A
// Next that partner_disconnected crosses is dropped, unless the socket was lost in between.
func (h *history) gaveItUp(s *side) bool {
	if s.crossing { // its end_chat, which names no chat, was on its way as this one began
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

// undone says whether the database was put back while what s was told of its custody was still to arrive.
func (h *history) undone(s *side) bool { return h.restored(s.began, s.link.end(h)) }

// recv is how far the owner of s was told that custody has passed.
func (s *side) recv(h *history) uint64 {
	if len(s.acks) == 0 {
		return 0
	}
	return h.events[s.acks[len(s.acks)-1]].Recv
}

// ackedAt is the event that acknowledged a message.
func (s *side) ackedAt(h *history, index uint64) int {
	for _, i := range s.acks {
		if h.events[i].Recv >= index {
			return i
		}
	}
	return s.began
}

// d6: after the drain nothing is left over: what was sent in a chat that goes on is acknowledged; and the marker that
// every body carries is found in no file of the server. Of the mailboxes their owners' clients cannot tell: that
// they are empty is looked up on disk, by whoever can.
func d6(h *history, report report) {
	for _, i := range h.faults {
		switch e := &h.events[i]; e.Type {
		case Leaked:
			report("the text of a message is found in "+e.Code, i)
		case Kept:
			report("after the drain a mailbox holds "+e.Code, i)
		}
	}
	if h.quiet < 0 {
		return
	}
	for who, v := range h.viewsAt(h.quiet) {
		if v.present && !v.old && v.chat != "" && !v.over && v.said > v.recv {
			report(fmt.Sprintf("all is quiet, and of %d messages %d are acknowledged", v.said, v.recv),
				h.start(v.chat), h.last(who), h.quiet)
		}
	}
}
