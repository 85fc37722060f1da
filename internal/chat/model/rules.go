package model

import (
	"cmp"
	"slices"
	"time"

	"chatme/internal/chat"
)

// search: find a partner, or Next.
func (m *Model) search(w *Session, alias chat.Alias, hold time.Duration) {
	if !m.means(w, alias) {
		return
	}
	next, left := w.Chat != 0, m.Partner(w)
	if next {
		m.GiveUp(w)
		m.part(w)
	}
	if w.Place == 0 {
		m.pace(w, hold)
		m.enqueue(w)
	}
	m.say(w, chat.Event{Kind: chat.Searching})
	if next {
		m.unsettle(w)
		m.match(left)
	}
	m.match(w)
}

// pace: ten matches at once, then one in 3 s, at full 3 s of the clock; so for one that is held.
func (m *Model) pace(w *Session, hold time.Duration) {
	w.paced = max(w.paced, m.now) + 3000
	w.notBefore = max(w.paced-10*3000, m.now.Add(hold))
	w.hurries = w.notBefore > m.now
	for w.hurries && w.notBefore%3000 != 0 {
		w.notBefore++
	}
}

// enqueue gives the last place; 30 s while away.
func (m *Model) enqueue(w *Session) {
	m.places++
	w.Place, w.Queued, w.Row, w.since = m.places, m.now, true, m.now
	w.until = m.now + 30_000
}

// part ends the chat of w: the partner is queued again, and w is not.
func (m *Model) part(w *Session) {
	p := m.Partner(w)
	for _, x := range []*Session{w, p} {
		m.hideTyping(x)
		x.hidden = 0
		x.Chat, x.Alias, x.Matched, x.asked = 0, "", 0, 0
		x.out.ring = nil
	}
	w.former = append(w.former, encounter{p.Hash, m.now})
	p.former = append(p.former, encounter{w.Hash, m.now})
	if p.hurries { // it waits for full 3 s too
		p.notBefore = m.now/3000*3000 + 3000
	}
	since := p.since
	m.enqueue(p)
	if m.now < p.began+3000 { // a brief chat is part of the wait
		p.since = since
	}
	m.disconnected(p)
}

func (m *Model) disconnected(w *Session) {
	m.say(w, chat.Event{Kind: chat.PartnerDisconnected})
	m.unsettle(w)
}

func (m *Model) hideTyping(w *Session) {
	if w.Conn != 0 && w.typing {
		w.typing = false
		m.say(w, chat.Event{Kind: chat.TypingStop})
	}
}

// detach is the table "Coming and going".
func (m *Model) detach(w *Session, leaves bool) {
	if !w.Resumable || !w.Row || leaves && w.nap < 0 {
		m.end(w)
		return
	}
	w.hangUp(m.now)
	w.until = m.now + 30_000
	p := m.Partner(w)
	switch {
	case p == nil && w.Place == 0:
		m.forget(w)
	case p == nil:
	case p.Resumable:
		w.until = m.now + 120_000
		if w.nap > 0 {
			w.until = m.now + chat.Time(w.nap/time.Millisecond)
		}
		w.hidden = m.now + 1000
		m.lost(w, p)
	default:
		m.hideTyping(p)
		if !m.holdInFlight(p, w) {
			m.abandon(w)
		}
	}
}

// announce tells the partner of w that it is away.
func (m *Model) announce(w *Session) {
	if w.hidden != 0 {
		w.hidden = 0
		m.say(m.Partner(w), chat.Event{Kind: chat.PartnerAway, At: w.until})
	}
}

// lost tells p that a socket of w is lost.
func (m *Model) lost(w, p *Session) {
	m.hideTyping(p)
	m.holdInFlight(p, w)
}

// stop: messages in flight are held, and nothing more is accepted.
func (m *Model) stop() {
	byConn := func(a, b *Session) int { return cmp.Compare(a.Conn, b.Conn) } // whose messages find room first
	for _, w := range slices.SortedFunc(slices.Values(m.Sessions), byConn) {
		m.hideTyping(w)
		if p := m.Partner(w); p != nil && w.Conn != 0 && w.Resumable {
			m.holdInFlight(p, w)
		}
	}
	for _, w := range m.Sessions {
		if !w.Resumable && w.Chat != 0 {
			m.say(w, chat.Event{Kind: chat.ChatEnded})
		}
		m.say(w, chat.Event{Kind: chat.Close, CloseCode: 1012})
	}
	m.Stopped = true
}

// end is permanent.
func (m *Model) end(w *Session) {
	w.hangUp(w.Away)
	m.GiveUp(w)
	if p := m.Partner(w); p != nil {
		m.part(w)
		m.match(p)
	}
	w.Place, w.Queued = 0, 0
	if w.Resumable && w.Row {
		w.Ended, w.Away = m.now, m.now
		m.forget(w)
	} else {
		m.Drop(w)
	}
}

// forget: state outside the row is dropped, except which session must not be matched again.
func (m *Model) forget(w *Session) {
	*w = Session{Durable: w.Durable, Changed: w.Changed, nap: -1, matching: matching{former: w.former}}
}

// hangUp drops what was known about the socket.
func (w *Session) hangUp(away chat.Time) {
	w.Conn, w.Away, w.pinged, w.pulse = 0, away, false, pulse{}
	w.in, w.due = false, 0
}

// Due returns when the next deadline of w is; false: never.
func (m *Model) Due(w *Session) (chat.Time, bool) {
	switch {
	case !w.InMemory():
		return 0, false
	case w.Conn == 0 && w.hidden != 0:
		return min(w.hidden, w.until), true
	case w.Conn == 0:
		return w.until, true
	case w.Place != 0 && w.unsettled:
		return w.settleDue()
	case m.ready(w):
		return m.listenDue(w), true
	case w.Place == 0 && w.Chat == 0 && w.Resumable:
		return w.active + 600_000, true
	case m.open(w) && w.asked == 0:
		return w.askAfter, true
	}
	return 0, false
}

// tick handles what is due, by deadline, and the older session before the younger.
func (m *Model) tick() {
	for {
		var next *Session
		var at chat.Time
		for _, w := range m.Sessions {
			if t, ok := m.Due(w); ok && t <= m.now && (next == nil || t < at) {
				next, at = w, t
			}
		}
		if next == nil {
			return
		}
		switch w := next; {
		case w.Conn == 0 && w.Place != 0:
			w.Place, w.Queued = 0, 0
			m.forget(w)
		case w.Conn == 0 && m.now < w.until:
			m.announce(w)
		case w.Conn == 0:
			m.abandon(w)
		case w.Chat != 0:
			m.ask(w)
		case w.unsettled:
			m.settle(w)
		case w.Place != 0:
			m.listen(w)
			m.match(w)
		default:
			m.say(w, chat.Event{Kind: chat.Close, CloseCode: 4100})
			w.hangUp(m.now)
			m.forget(w)
			if !w.Row {
				m.Drop(w)
			}
		}
	}
}

// abandon ends the chat of w, which is away.
func (m *Model) abandon(w *Session) {
	p := m.Partner(w)
	m.part(w)
	m.forget(w)
	m.match(p)
}
