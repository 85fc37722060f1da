package explore

import (
	"time"

	"chatme/internal/chat"
)

// records compares the rows of the lobby with the ledger: chats that begin, and M5, that no chat ends without a cause.
func (l *ledger) records(w *world) {
	rows := w.lobby.Records()
	for _, r := range rows {
		if n := number(r.Alias); n > 0 && (n >= len(l.sides) || l.sides[n] == 0) {
			l.begin(w, rows, r.Pair)
		}
	}
	for _, b := range l.bonds {
		here := among(rows, b)
		switch {
		case b.foreign && here:
			w.failf("a chat of a former epoch lives: %s", b.alias)
		case b.ended && here: // its end was not on disk yet when the server was killed
			if b.endTold {
				w.failf("M5: chat %s lives again after its end was told", b.alias)
			}
			b.ended, b.left = false, [2]bool{}
		case !b.ended && !here:
			b.ended = true
			restart := w.now == w.listening && (w.guests[b.guest[0]].kind.old() || w.guests[b.guest[1]].kind.old())
			if b.told && !b.may && !restart && !l.deserted(w, b) {
				w.failf("M5: chat %s ended without a cause", b.alias)
			}
		}
		b.may = false
	}
	for _, g := range w.guests {
		ok := !g.queued || g.kind.old() && w.now == w.listening
		for _, r := range rows {
			ok = ok || r.Hash == g.hash(g.session) && r.State() != chat.Idle
		}
		if !ok {
			w.failf("L9: %s was told that it is in the queue and is not", g.name())
		}
	}
}

// deserted reports whether a liar has a session in this chat that is not its latest. Such a chat is not followed.
func (l *ledger) deserted(w *world, b *bond) bool {
	for side, g := range b.guest {
		if w.guests[g].kind == liar && w.guests[g].session != b.session[side] {
			return true
		}
	}
	return false
}

func (l *ledger) begin(w *world, rows []chat.Record, pair chat.PairID) {
	b := &bond{pair: pair}
	for _, r := range rows {
		if r.Pair == pair {
			b.alias[r.Side], b.id[r.Side] = r.Alias, r.ID
			b.guest[r.Side], b.session[r.Side] = owner(r.Hash), session(r.Hash)
			for len(l.sides) <= number(r.Alias) {
				l.sides = append(l.sides, 0)
			}
			l.sides[number(r.Alias)] = len(l.bonds) + 1
		}
	}
	// A liar may have left behind a session whose socket is still open: to the server it is another client.
	if g := w.guests[b.guest[0]]; b.guest[0] == b.guest[1] && (g.kind != liar || b.session[0] == b.session[1]) && !l.unasked(w, b) {
		w.failf("M3: %s is matched with itself", g.name())
	}
	l.alive(w, b)
	l.bonds = append(l.bonds, b)
}

// unasked reports whether the older socket of a chat with itself was lost before it had answered one ping.
func (l *ledger) unasked(w *world, b *bond) bool {
	s := w.socket(min(b.session[0], b.session[1]))
	return w.guests[b.guest[0]].kind.old() && s != nil && !s.answered
}

// alive checks that both matched sessions were heard recently. The rules exempt one kind of client, which cannot answer.
func (l *ledger) alive(w *world, b *bond) {
	for side, id := range b.session {
		g, within := w.guests[b.guest[side]], 12*time.Second
		if g.kind.timed() {
			within = 65 * time.Second
		}
		if !g.kind.old() { // it may have resumed on another
			id = g.current
		}
		if s := w.socket(id); s != nil && w.now >= s.sight.Heard.Add(within) {
			w.failf("L3: %s is matched and was last heard %d ms ago", g.name(), w.now-s.sight.Heard)
		}
	}
}

// leaves checks frames that pass the gate.
func (l *ledger) leaves(w *world, s *socket, e *chat.Event) {
	g := w.guests[s.guest]
	now := g.current == s.conn
	switch e.Kind {
	case chat.Matched:
		s.chat = e.Alias
		if b, _ := l.bond(e.Alias); b != nil {
			b.told = true
		}
	case chat.Resumed:
		s.chat = e.Resumed.Alias
		if b, side := l.bond(s.chat); b != nil && e.Resumed.State == chat.ResumedMatched {
			b.told = true
			l.custody(b, 1-side, e.Resumed.Recv)
		}
	case chat.Searching, chat.PartnerDisconnected:
		if b, _ := l.bond(s.chat); b != nil && g.kind != liar { // which may name a chat of another session
			b.endTold = b.endTold || b.ended
		}
		s.chat = ""
		if now && !w.stopping {
			l.queue(w, g)
		}
	case chat.Acked:
		if b, side := l.bond(s.chat); b != nil {
			l.custody(b, 1-side, e.Recv)
		}
	}
}

// resumed checks that the server does not report less custody than is on disk.
func (l *ledger) resumed(w *world, r *chat.Resumption) {
	b, side := l.bond(r.Alias)
	if b == nil || r.State != chat.ResumedMatched {
		return
	}
	for _, m := range w.disk.entries {
		if m.To == b.id[side] && m.Pair == b.pair && m.N > r.Recv {
			w.failf("S1: %q is in custody and recv is %d", m.Text, r.Recv)
		}
	}
}

// queue records a promise: a session that is told that it is queued is in the queue, or matched, until it leaves. The frame
// may arrive late, when the session was matched and left again.
func (l *ledger) queue(w *world, g *guest) {
	for _, r := range w.lobby.Records() {
		if r.Hash == g.hash(g.session) && r.State() != chat.Idle && r.EndedAt == 0 {
			g.queued = true
		}
	}
}

func (l *ledger) custody(b *bond, side int, recv uint64) {
	b.dir[side].recv = max(b.dir[side].recv, recv)
}

// held checks D4 and D5: an acknowledged message has arrived or is on disk, and has arrived before the end of its chat
// is reported.
func (l *ledger) held(w *world) {
	for _, b := range l.bonds {
		for side := range b.dir {
			d, from, to := &b.dir[side], w.guests[b.guest[side]], w.guests[b.guest[1-side]]
			if from.kind != resumable || to.kind == liar || b.foreign || b.left[1-side] ||
				to.kind == resumable && (to.done || to.session != b.session[1-side]) {
				continue
			}
			for n := uint64(1); n <= d.recv && n <= uint64(len(d.said)); n++ {
				text := d.said[n-1]
				if text == "" || uint64(len(d.arrived)) >= n && d.arrived[n-1] {
					continue
				}
				m := w.disk.entry(b.id[1-side], b.pair, n)
				switch {
				case d.closed:
					w.failf("D5: %s was acknowledged and %s heard of the end of the chat before it", text, to.name())
				case to.partner == b.alias[side] && to.got >= n:
					w.failf("D4: %s was acknowledged and %s has a gap there", text, to.name())
				case m == nil:
					w.failf("D4: %s was acknowledged; %s does not have it, nor has the disk", text, to.name())
				case m.Text != text:
					w.failf("D4: %s was acknowledged and the disk has %q there", text, m.Text)
				}
			}
			if d.recv > uint64(len(d.said)) {
				w.failf("%s was told that %d of %d messages are in custody", from.name(), d.recv, len(d.said))
			}
		}
	}
}

// closed checks how a socket is closed.
func (l *ledger) closed(w *world, g *guest, code int) {
	switch {
	case g.kind == liar:
	case code == chat.CloseImpossible:
		w.failf("4400: %s, who is honest, is closed", g.name())
	case code == chat.CloseNormal && g.phase != ending:
		w.failf("%s, who does not leave, is closed 1000", g.name())
	case code == chat.CloseReplaced:
		w.failf("the newest socket of %s is replaced", g.name())
	}
}
