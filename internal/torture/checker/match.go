package checker

import "fmt"

// m1: a client is matched only after its previous chat is over: it has one partner at a time.
func m1(h *history, report report) {
	h.walk(func(v *view, e *Event) {
		if e.heard("matched") && v.chat != "" && !v.over {
			report("matched during a chat that is not over", h.start(v.chat), e.Seq)
		}
	})
}

// m2: a chat has two sides. An alias names one partner to one client, and a client that hears a writer in a current
// chat is the only partner in that writer's chat.
func m2(h *history, report report) {
	told := map[string]*Event{}
	readers := map[string]*Event{} // for each writer's chat, the first message heard
	h.walk(func(v *view, e *Event) {
		switch {
		case e.heard("matched"):
			if before := told[e.Chat]; before != nil && before.Who != e.Who {
				report("two clients were told the same alias", before.Seq, e.Seq)
			}
			told[e.Chat] = e
		case e.heard("message") && e.Body.Chat != "" && e.Chat == v.chat && !v.over:
			first := readers[e.Body.Chat]
			if first == nil {
				readers[e.Body.Chat] = e
			} else if first.Chat != e.Chat {
				report("messages written in one chat were heard in two", h.start(e.Body.Chat), first.Seq, e.Seq)
			}
		}
	})
}

// m3: no session is matched with itself or hears its own messages.
func m3(h *history, report report) {
	h.walk(func(v *view, e *Event) {
		if !e.heard("message") || e.Body.Who != e.Who {
			return
		}
		if from := h.sides[e.Body.Chat]; from != nil && from.who == e.Who && from.life == v.life {
			report("a session is its own partner", from.began, h.start(e.Chat), e.Seq)
		}
	})
}

// m4: a client is matched only if it searched, or was told that it is back in the queue.
func m4(h *history, report report) {
	h.walk(func(v *view, e *Event) {
		begins := e.heard("matched") || e.heard("resumed") && e.State == "matched" && v.chat == ""
		if begins && !v.asked && !v.waits {
			report("matched without a search", h.before(e, 3), e.Seq)
		}
	})
}

// m5: a chat that a client was told of continues, even across kills, until there is a cause: a client left, a window
// expired, or a legacy client was lost.
func m5(h *history, report report) {
	h.walk(func(v *view, e *Event) {
		s := h.sides[v.chat]
		if !e.heard("partner_disconnected") || v.over || s == nil {
			return
		}
		if s.link == nil {
			if !h.gaveUp(s, e) {
				h.unjudged++
			}
			return
		}
		if !h.cause(s, e) {
			report("a chat ended although neither side left it", append(h.comings(s, e), h.comings(s.link, e)...)...)
		}
	})
}

// m7: outside of faults, which include a slow link and a partner that reads slowly, a search is answered in time. When
// all is quiet, at most one client waits, and both sides of each chat are in it.
func m7(h *history, report report) {
	held := hindrance{}
	h.walk(func(v *view, e *Event) {
		held.track(h, v, e)
		if e.sent("search") && !held[e.Who] {
			h.judgeAnswer(e, h.of(e.Who, e.Seq+1, len(h.events)-1), report)
		}
	})
	if h.quiet < 0 {
		return
	}
	ends := h.viewsAt(h.quiet)
	var waiting []int
	for who, v := range ends {
		switch s := h.sides[v.chat]; {
		case !v.present:
		case v.asked:
			report("after the drain, a search has no answer", h.last(who), h.quiet)
		case v.waits:
			waiting = append(waiting, who)
		case s == nil || v.over:
		case s.link == nil:
			report("after the drain, a client is in a chat without a known partner", s.began, h.quiet)
		case ends[s.link.who].chat != s.link.chat || ends[s.link.who].over:
			report("after the drain, a client is in a chat that its partner is not in",
				append(h.comings(s, &h.events[h.quiet]), h.comings(s.link, &h.events[h.quiet])...)...)
		}
	}
	if len(waiting) > 1 && !(len(waiting) == 2 && h.recentlyMatched(waiting[0], waiting[1])) {
		var excerpt []int
		for _, who := range waiting {
			excerpt = append(excerpt, h.of(who, 0, h.quiet)[len(h.of(who, 0, h.quiet))-1])
		}
		report(fmt.Sprintf("after the drain, %d clients are waiting", len(waiting)), append(excerpt, h.quiet)...)
	}
}

// recentlyMatched reports whether a and b were each other's last partner shortly before all was quiet, and so may not be
// matched yet.
func (h *history) recentlyMatched(a, b int) bool {
	var last [2]*side
	for _, s := range h.order {
		for i, who := range [...]int{a, b} {
			if s.who == who && s.began < h.quiet {
				last[i] = s
			}
		}
	}
	if last[0] == nil || last[1] == nil || last[0].link != last[1] || last[0].over < 0 || last[1].over < 0 {
		return false
	}
	parted := max(h.events[last[0].over].At, h.events[last[1].over].At)
	return h.events[h.quiet].At-parted < h.limits.Rematch+h.limits.Slack
}

// judgeAnswer checks how long the search e waits for an answer among the events of its client that follow it.
func (h *history) judgeAnswer(e *Event, next []int, report report) {
	limit := e.At + h.limits.Answer + h.lag[e.Who]
	for _, i := range next {
		of := &h.events[i]
		if of.heard("searching", "matched", "partner_disconnected", "chat_ended", "error") || of.Kind == Gone {
			if of.At > limit && h.calm(e) && of.Kind == Heard {
				report(fmt.Sprintf("a search was answered only after %v", of.At-e.At), e.Seq, of.Seq)
			}
			return
		}
	}
	if end := len(h.events) - 1; h.events[end].At > limit && h.calm(e) {
		report("a search was not answered", e.Seq, end)
	}
}

// calm reports whether no server fault is near the time of e.
func (h *history) calm(e *Event) bool {
	from, to := e.At-2*h.limits.Slack, e.At+h.limits.Answer
	return h.faultWithin(Killed, from, to) < 0 && h.faultWithin(Listening, from, to) < 0 &&
		!overlaps(h.stops, from, to) && !overlaps(h.locks, from, to)
}
