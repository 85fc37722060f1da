package explore

import "chatme/internal/chat"

// hears checks a frame that a client is about to read: M1, M3, M4, D1 to D3, S1.
func (l *ledger) hears(w *world, g *guest, s *socket, e *chat.Event) {
	if g.kind == liar {
		return
	}
	switch e.Kind {
	case chat.Matched:
		l.matched(w, g, e.Alias)
		s.heard, s.place = e.Alias, 0
	case chat.Resumed:
		l.resumes(w, g, s, e.Resumed)
	case chat.ResumeFailed:
		if g.written && g.phase != ending && g.epoch == s.epoch && w.plan.ttl == 0 {
			w.failf("%s hears %s of its session", g.name(), e.Code)
		}
	case chat.Message:
		l.message(w, g, s, e)
	case chat.Gap:
		if e.N <= s.place && g.kind == resumable {
			w.failf("%s hears of a gap at %d and is at %d", g.name(), e.N, s.place)
		}
		s.place = max(s.place, e.N)
	case chat.Acked:
		if e.Recv < g.acked || e.Delivered > e.Recv {
			w.failf("S1: %s hears recv %d, delivered %d after %d", g.name(), e.Recv, e.Delivered, g.acked)
		}
		if e.Recv > g.sent {
			w.failf("%s hears recv %d, having sent %d", g.name(), e.Recv, g.sent)
		}
	case chat.PartnerDisconnected:
		b, side := l.bond(s.heard)
		switch {
		case b == nil && !g.kind.old():
			w.failf("%s is in no chat and hears partner_disconnected", g.name())
		case b != nil && !b.ended:
			w.failf("%s hears the end of a chat that lives", g.name())
		case b != nil:
			b.dir[side].closed = true
		}
		s.heard = ""
	case chat.Searching:
		if g.phase == chatting && !g.over && !g.kind.old() {
			w.failf("%s is in a chat and hears searching", g.name())
		}
		if g.phase == leaving { // it has left the chat
			if b, side := l.bond(g.partner); b != nil {
				b.left[1-side] = true
			}
		}
	}
}

func (l *ledger) matched(w *world, g *guest, a chat.Alias) {
	b, side := l.bond(a)
	switch {
	case b == nil || b.guest[1-side] != g.id:
		w.failf("M2: %s is matched with %s, which is not its partner", g.name(), a)
	case (g.phase == chatting || g.phase == leaving) && !g.over:
		w.failf("M1: %s is in a chat with %s and matched with %s", g.name(), g.partner, a)
	case g.phase == idle:
		w.failf("M4: %s is matched and did not search", g.name())
	}
}

func (l *ledger) resumes(w *world, g *guest, s *socket, r *chat.Resumption) {
	s.heard, s.place = r.Alias, 0
	same := r.Alias == g.partner && r.Alias != ""
	if same {
		s.place = g.got
	}
	b, _ := l.bond(r.Alias)
	if r.Gap != (g.epoch != s.epoch) {
		w.failf("%s of epoch %s resumes in %s and hears gap %v", g.name(), g.epoch, s.epoch, r.Gap)
	}
	switch r.State {
	case chat.ResumedMatched:
		if !same {
			if !r.Gap { // a backup may be from before its last search was over
				l.matched(w, g, r.Alias)
			}
			return
		}
		if g.over {
			w.failf("M5: the chat of %s, which is over, lives again", g.name())
		}
		if r.Recv < g.acked || r.Delivered > r.Recv || r.Last < r.Recv {
			w.failf("S1: %s hears recv %d, delivered %d, last %d after %d", g.name(), r.Recv, r.Delivered, r.Last, g.acked)
		}
		if r.Last > g.sent {
			w.failf("%s hears last %d, having sent %d", g.name(), r.Last, g.sent)
		}
	case chat.ResumedEnded:
		if !same {
			w.failf("%s hears that %s has ended, not the chat it named", g.name(), r.Alias)
		}
		if b != nil && !b.ended {
			w.failf("M5: %s hears that its chat has ended, and it lives", g.name())
		}
	default:
		if g.partner != "" {
			w.failf("%s named a chat and hears %s", g.name(), r.State)
		}
	}
}

func (l *ledger) message(w *world, g *guest, s *socket, e *chat.Event) {
	o, ok := parse(e.Text)
	b, side := l.bond(e.Alias)
	switch {
	case !ok || b == nil:
		w.failf("D1: %s hears %q, which nobody said", g.name(), e.Text)
		return
	case e.Alias != s.heard:
		w.failf("D1: %s is in the chat with %q and hears %q", g.name(), s.heard, e.Text)
	case o.guest != b.guest[side] || o.to != b.alias[1-side] || b.guest[1-side] != g.id:
		w.failf("D1: %q was not said to %s in this chat", e.Text, g.name())
	}
	from := w.guests[o.guest].kind
	d := &b.dir[side]
	if !g.kind.old() {
		switch {
		case e.N <= s.place:
			w.failf("D2: %s hears %d again or late on one socket, after %d", g.name(), e.N, s.place)
		case e.N > s.place+1:
			w.failf("a silent hole: %s hears %d after %d", g.name(), e.N, s.place)
		case from == resumable && uint64(o.serial) != e.N:
			w.failf("D3: %q comes as %d", e.Text, e.N)
		}
		s.place = max(s.place, e.N)
		if e.N <= g.got || e.Alias != g.partner {
			return // a duplicate
		}
	}
	if from != liar && o.serial <= d.serial {
		w.failf("D2 D3: %s hears %q after the %dth", g.name(), e.Text, d.serial)
	}
	d.serial = max(d.serial, o.serial)
	if from == resumable {
		for len(d.arrived) < o.serial {
			d.arrived = append(d.arrived, false)
		}
		d.arrived[o.serial-1] = true
	}
}
