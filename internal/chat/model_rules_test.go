package chat_test

import (
	"time"

	"chatme/internal/chat"
)

// search: find a partner, or Next.
func (m *model) search(w *who, alias chat.Alias) {
	if !m.means(w, alias) {
		return
	}
	next := w.chat != 0
	if next {
		m.giveUp(w)
		m.part(w)
	}
	if w.place == 0 {
		m.enqueue(w)
	}
	m.say(w, chat.Event{Kind: chat.Searching})
	if next {
		m.unsettle(w)
	}
	m.came = append(m.came, w)
}

// enqueue gives the last place; 30 s while away.
func (m *model) enqueue(w *who) {
	m.places++
	w.place, w.queued, w.row = m.places, m.now, true
	w.until = m.now + 30_000
}

// part ends the chat of w: the partner is queued again, and w is not.
func (m *model) part(w *who) {
	p := m.partner(w)
	for _, x := range []*who{w, p} {
		m.hideTyping(x)
		x.chat, x.alias, x.matched, x.parted, x.again, x.asked = 0, "", 0, m.now, false, 0
		x.out.ring = nil
	}
	w.former, p.former = p.hash, w.hash
	m.enqueue(p)
	m.disconnected(p)
	m.came = append(m.came, p)
}

func (m *model) disconnected(w *who) {
	m.say(w, chat.Event{Kind: chat.PartnerDisconnected})
	m.unsettle(w)
}

func (m *model) hideTyping(w *who) {
	if w.conn != 0 && w.typing {
		w.typing = false
		m.say(w, chat.Event{Kind: chat.TypingStop})
	}
}

// detach is the table "Coming and going".
func (m *model) detach(w *who, leaves bool) {
	if !w.resumable || leaves && w.nap < 0 {
		m.end(w)
		return
	}
	w.hangUp(m.now)
	w.until = m.now + 30_000
	p := m.partner(w)
	switch {
	case p == nil && w.place == 0:
		m.forget(w)
	case p == nil:
	case p.resumable:
		w.until = m.now + 120_000
		if w.nap > 0 {
			w.until = m.now + chat.Time(w.nap/time.Millisecond)
		}
		m.lost(w, p)
		m.say(p, chat.Event{Kind: chat.PartnerAway, At: w.until})
	default:
		m.hideTyping(p)
		if !m.seal(p, w) {
			m.part(w)
			m.forget(w)
		}
	}
}

// lost tells p that a socket of w is lost.
func (m *model) lost(w, p *who) {
	m.hideTyping(p)
	m.seal(p, w)
}

// stop: messages in flight are held, and nothing more is accepted.
func (m *model) stop() {
	for _, w := range m.people {
		m.hideTyping(w)
		if p := m.partner(w); p != nil && w.conn != 0 && w.resumable {
			m.seal(p, w)
		}
	}
	for _, w := range m.people {
		if !w.resumable && w.chat != 0 {
			m.say(w, chat.Event{Kind: chat.ChatEnded})
		}
		m.say(w, chat.Event{Kind: chat.Close, CloseCode: 1012})
	}
	m.stopped = true
}

// end is permanent.
func (m *model) end(w *who) {
	w.hangUp(w.away)
	m.giveUp(w)
	if w.chat != 0 {
		m.part(w)
	}
	w.place, w.queued = 0, 0
	if w.resumable {
		w.ended, w.away = m.now, m.now
		m.forget(w)
	} else {
		m.drop(w)
	}
}

// forget: state outside the row is dropped, except which session must not be matched again.
func (m *model) forget(w *who) {
	*w = who{durable: w.durable, changed: w.changed, nap: -1, former: w.former, parted: w.parted}
}

// hangUp drops what was known about the socket.
func (w *who) hangUp(away chat.Time) {
	w.conn, w.away, w.pinged, w.beat = 0, away, false, beat{}
}

// due returns when the next deadline of w is; false: never.
func (m *model) due(w *who) (chat.Time, bool) {
	switch {
	case !w.inMemory():
		return 0, false
	case w.conn == 0:
		return w.until, true
	case w.place != 0 && w.unsettled:
		return w.settleDue()
	case m.ready(w):
		t := m.listenDue(w)
		for _, v := range m.people { // two sessions that have just parted
			if v != w && m.ready(v) && v.former == w.hash && w.former == v.hash && !w.again && !v.again {
				t = min(t, w.parted+10_000)
			}
		}
		return t, true
	case w.place == 0 && w.chat == 0 && w.resumable:
		return w.active + 600_000, true
	case m.open(w) && w.asked == 0:
		return w.askAfter, true
	}
	return 0, false
}

// tick handles what is due, by deadline, and the older session before the younger.
func (m *model) tick() {
	for {
		var next *who
		var at chat.Time
		for _, w := range m.people {
			if t, ok := m.due(w); ok && t <= m.now && (next == nil || t < at) {
				next, at = w, t
			}
		}
		if next == nil {
			return
		}
		switch w := next; {
		case w.conn == 0 && w.place != 0:
			w.place, w.queued = 0, 0
			m.forget(w)
		case w.conn == 0:
			m.part(w)
			m.forget(w)
		case w.chat != 0:
			m.ask(w)
		case w.unsettled:
			m.settle(w)
		case w.place != 0:
			m.listen(w)
			m.came = append(m.came, w)
			w.again = w.again || m.now >= w.parted+10_000
		default:
			m.say(w, chat.Event{Kind: chat.Close, CloseCode: 4100})
			w.hangUp(m.now)
			m.forget(w)
		}
		m.matchAll()
	}
}
