package explore

import (
	"time"

	"chatme/internal/chat"
)

// drain lets every client reconnect and everything in flight arrive, and then checks the invariants of a quiet
// world.
func (w *world) drain() {
	// Lone waiting sessions are probed forever. A client left by one that was away for 30 s meets a former partner 10 s later.
	end := w.now.Add(45 * time.Second)
	w.left = limits{retries: 100, kills: 1}
	if w.stopping {
		for len(w.pipe) > 0 {
			w.do(action{what: commits})
		}
		w.do(action{what: kills})
	}
	w.left.kills = 0
	var list []action
	tried := make([]int, len(w.guests))
	for i := 0; w.fault == nil; i++ {
		if i == 2000 {
			w.failf("all is not quiet after %d steps", i)
			return
		}
		list = w.enabled(list[:0])
		if a, ok := w.urgent(list, tried); ok {
			w.do(a)
			continue
		}
		// Pings to legacy clients, waits for their pongs, and rematches are over within seconds.
		at, ok := w.lobby.NextDeadline()
		if !ok || at > w.now.Add(11*time.Second) || at > end {
			break
		}
		w.cell.w = w
		w.tick(false)
		w.settle()
		w.book.held(w)
	}
	if w.fault == nil {
		w.quiet()
	}
}

// urgent picks the next action. It defers actions that take away a socket that may still be useful, and retries that may be
// refused again, for good if the cause is a dead client whose loss is not detected yet.
func (w *world) urgent(list []action, tried []int) (action, bool) {
	for _, a := range list {
		if a.what != retries && !(a.what == loses && len(w.pick(a.who, a.arg).down) > 0) {
			return a, true
		}
	}
	for _, a := range list {
		if a.what != retries {
			return a, true
		}
		if tried[a.who]++; tried[a.who] <= 5 {
			return a, true
		}
	}
	return action{}, false
}

func (w *world) quiet() {
	waiting := 0
	for _, g := range w.guests {
		if g.done {
			continue
		}
		if g.conn == 0 {
			w.failf("%s has no socket in the end", g.name())
		}
		r := w.row(g)
		if g.kind == liar { // it may wait forever to be matched: behind a tail that it does not confirm
			continue
		}
		if r.State() == chat.Waiting && !g.kind.timed() { // which may have to wait for its next app ping
			waiting++
		}
		want := chat.Idle
		switch {
		case g.phase == searching:
			want = chat.Waiting
		case g.phase == chatting && !g.over:
			want = chat.Paired
		case g.phase != idle:
			w.failf("%s is stuck in phase %d", g.name(), g.phase)
		}
		if r.State() != want && !(g.kind.old() && want == chat.Idle) {
			w.failf("%s is %s and believes it is %s", g.name(), r.State(), want)
		}
		if b, side := w.book.bond(g.partner); want == chat.Paired && (b == nil || b.pair != r.Pair || b.ended) {
			w.failf("%s believes it is with %s", g.name(), g.partner)
		} else if want == chat.Paired {
			w.delivered(b, 1-side)
		}
	}
	if waiting > 1 {
		w.failf("M7: all is quiet and %d wait", waiting)
	}
	w.mailboxes()
}

func (w *world) row(g *guest) chat.Record {
	for _, r := range w.lobby.Records() {
		if r.Hash == g.hash(g.session) {
			return r
		}
	}
	return chat.Record{}
}

// delivered checks that everything sent in a live chat has arrived, and that its sender was told.
func (w *world) delivered(b *bond, side int) {
	from, to := w.guests[b.guest[side]], w.guests[b.guest[1-side]]
	if from.kind != resumable || to.kind == liar || to.done {
		return
	}
	if from.away && to.session == b.session[1-side] {
		w.failf("%s was not told that %s is back", from.name(), to.name())
	}
	d := &b.dir[side]
	for i, text := range d.said {
		if text != "" && (len(d.arrived) <= i || !d.arrived[i]) {
			w.failf("%s was said in a chat that lives and never arrives", text)
		}
	}
	if from.acked < from.sent {
		w.failf("%s was never told of more than %d of its %d messages", from.name(), from.acked, from.sent)
	}
}

// mailboxes checks D6: messages are held only for sessions that will not resume.
func (w *world) mailboxes() {
	for _, m := range w.disk.entries {
		r := w.disk.row(chat.Hash{}, m.To)
		if m.To == 0 {
			continue
		}
		if r == nil {
			w.failf("D6: %q is held for a session that is deleted", m.Text)
			continue
		}
		g := w.guests[owner(r.Hash)]
		if r.EndedAt != 0 {
			w.failf("D6: %q is held for a session that has ended", m.Text)
		} else if g.kind != liar && !g.done && r.Hash == g.hash(g.session) {
			w.failf("D6: %q is held for %s, who is here", m.Text, g.name())
		}
	}
}
