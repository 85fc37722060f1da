package model

import (
	"slices"

	"chatme/internal/chat"
)

// matching is what the model knows of a session for matching it. All of it but former is lost when the session leaves memory.
type matching struct {
	wants     chat.Preferences
	since     chat.Time // when it began to wait, brief chats included
	began     chat.Time // when its chat did
	preferred chat.Time
	paced     chat.Time
	notBefore chat.Time   // paced or held until then
	hurries   bool        // its last search was
	former    []encounter // the last one last
	in        bool        // it waits and can be matched now…
	open      int         // … with: 0, a common topic only; 1, others that are open too; 2, all
	due       chat.Time   // when to look again; 0: never
}

type encounter struct {
	with   chat.Hash
	parted chat.Time
}

// last is the last encounter.
func (w *Session) last() encounter {
	if len(w.former) == 0 {
		return encounter{}
	}
	return w.former[len(w.former)-1]
}

// ready: waiting, present, heard, settled, and without a tail.
func (m *Model) ready(w *Session) bool {
	return w.Place != 0 && w.Conn != 0 && !w.silent && !w.unsettled && len(m.tail(w)) == 0
}

// match: w is matched with the session that it meets, or waits.
func (m *Model) match(w *Session) {
	w.in, w.due = false, 0
	switch {
	case !m.ready(w):
	case m.now >= m.silentAt(w):
		m.silence(w)
	default:
		m.seek(w)
	}
}

func (m *Model) seek(w *Session) {
	w.in, w.due = false, 0
	opens, late, again := max(w.since, w.preferred)+5000, w.since+10_000, w.last().parted+10_000
	if w.wants.Topics == 0 {
		opens = 0
	}
	if m.now >= w.notBefore {
		w.open = 0
		if m.now >= opens {
			w.open = 1
		}
		if m.now >= late {
			w.open = 2
		}
		if p := m.partnerFor(w); p != nil {
			p.in, p.due = false, 0
			m.pair(w, p)
			return
		}
		w.in = true
	}
	for _, at := range []chat.Time{opens, late, w.notBefore, again} {
		if at > m.now && (w.due == 0 || at < w.due) {
			w.due = at
		}
	}
}

// partnerFor is the session that w meets: the oldest late one, or the oldest with a topic in common, or the oldest.
func (m *Model) partnerFor(w *Session) *Session {
	for _, suits := range []func(p *Session) bool{
		func(p *Session) bool { return p.open == 2 },
		func(p *Session) bool { return p.open < 2 && p.wants.Topics&w.wants.Topics != 0 },
		func(p *Session) bool { return w.open == 2 || w.open == 1 && p.open == 1 },
	} {
		for _, p := range m.Queue() {
			if p == w || !p.in || !suits(p) || !m.may(w, p) {
				continue
			}
			if m.now >= m.silentAt(p) {
				m.silence(p)
				continue
			}
			if g := m.ghost(w, p); g != nil {
				if g.waitsFor == 0 && !g.mute {
					m.ping(g, chat.Ping)
				}
				continue
			}
			return p
		}
	}
	return nil
}

// may: two that have just parted do not meet again; two that met lately or share no language meet only if both are late.
func (m *Model) may(a, b *Session) bool {
	x, y := a.last(), b.last()
	if x.with == b.Hash && y.with == a.Hash && m.now < x.parted+10_000 {
		return false
	}
	if a.open == 2 && b.open == 2 {
		return true
	}
	if a.wants.Languages != 0 && b.wants.Languages != 0 && a.wants.Languages&b.wants.Languages == 0 {
		return false
	}
	lately := func(w, p *Session) bool {
		return slices.ContainsFunc(w.former[max(len(w.former)-8, 0):], func(e encounter) bool {
			return e.with == p.Hash && max(a.since, b.since) < e.parted+300_000
		})
	}
	return !lately(a, b) && !lately(b, a)
}

// windows: what is due comes before whatever happens now.
func (m *Model) windows() {
	for {
		var next *Session
		for _, w := range m.Queue() {
			if w.due != 0 && w.due <= m.now && (next == nil || w.due < next.due) {
				next = w
			}
		}
		switch {
		case next == nil:
			return
		case m.now >= m.silentAt(next):
			m.silence(next)
		default:
			m.seek(next)
		}
	}
}

func (m *Model) pair(a, b *Session) {
	m.chats++
	if b.Place < a.Place {
		a, b = b, a
	}
	for _, w := range []*Session{a, b} {
		w.in, w.due = false, 0
		w.Place, w.Queued = 0, 0
		w.Chat, w.Alias, w.Matched, w.began, w.out, w.asked = m.chats, "", m.now, m.now, numbers{seen: true}, 0
		if !w.Resumable && w.met == 0 {
			m.say(w, chat.Event{Kind: chat.TypingStop})
		}
		if w.pinged {
			w.met = m.now
		}
		e := chat.Event{Kind: chat.Matched}
		if w.Resumable {
			e.Common = a.wants.Topics & b.wants.Topics
		}
		m.say(w, e)
	}
}
