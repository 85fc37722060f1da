package chat_test

import (
	"slices"

	"chatme/internal/chat"
)

// beat is what the model knows about a socket from its pings. A legacy client has one from its auth on.
type beat struct {
	met     chat.Time
	silent  bool
	probed  bool
	answers bool
	mute    bool

	waitsFor uint64    // the first ping sent since the last answer
	toldAt   chat.Time // … when that was sent
	shownAt  chat.Time // when the ping was sent that was answered last

	// settling
	unsettled bool
	ping      uint64 // 0: the next round has not begun
	nextRound chat.Time
	by        chat.Time
	looked    chat.Time

	// a legacy client's ping that confirms askedFor to its partner; 0: none is under way
	asked    uint64
	askedFor uint64
	askAfter chat.Time
}

// ping sends w a ping after everything else, with a placeholder for the lobby's number until numbered.
func (m *model) ping(w *who, kind chat.Kind) uint64 {
	m.pings++
	n := 1<<40 + m.pings
	if w.waitsFor == 0 {
		w.waitsFor, w.toldAt = n, m.now
	}
	w.pinged = true
	m.say(w, chat.Event{Kind: kind, N: n})
	return n
}

// numbered gives the pings sent to w in this step the numbers that the lobby has given them.
func (m *model) numbered(conn chat.ConnID, heard []chat.Event) {
	w := m.at(conn)
	for i := range m.said[conn] {
		e := &m.said[conn][i]
		if e.Kind != chat.Ping && e.Kind != chat.Probe || i >= len(heard) || heard[i].Kind != e.Kind {
			continue
		}
		if w != nil {
			for _, n := range []*uint64{&w.waitsFor, &w.ping, &w.asked} {
				if *n == e.N {
					*n = heard[i].N
				}
			}
		}
		e.N = heard[i].N
	}
}

func (m *model) probe(w *who) {
	if !w.probed {
		m.ping(w, chat.Probe)
		w.probed = true
	}
}

// unsettle: a legacy client's next messages may be meant for its previous partner.
func (m *model) unsettle(w *who) {
	if w.resumable || w.conn == 0 {
		return
	}
	w.unsettled = true
	m.round(w)
}

func (m *model) round(w *who) {
	w.ping, w.nextRound, w.by, w.looked = m.ping(w, chat.Ping), m.now+250, 0, m.now
}

// pong answers every ping up to n.
func (m *model) pong(w *who, n uint64) {
	sight := m.sight(w.conn)
	if !w.pinged || n > sight.Pinged {
		return
	}
	w.answers, w.mute = true, false
	if w.waitsFor != 0 && n >= w.waitsFor {
		w.waitsFor, w.shownAt = 0, w.toldAt
	}
	if w.unsettled && w.ping != 0 && n >= w.ping {
		switch quiet := sight.Noise < w.ping && !sight.Reading; {
		case quiet:
			w.unsettled = false
			m.came = append(m.came, w)
		case m.now >= w.nextRound:
			m.round(w)
		default:
			w.ping = 0
		}
	}
	if w.asked != 0 && n >= w.asked {
		p := m.partner(w)
		w.asked = 0
		if w.askedFor > p.out.got {
			p.out.got = w.askedFor
			m.keepUp(p, w)
			m.acked(p)
		}
		m.ask(w)
	}
}

// settle runs a tick for w, which is not settled.
func (m *model) settle(w *who) {
	sight := m.sight(w.conn)
	switch {
	case w.ping == 0:
		m.round(w)
		return
	case sight.Pinged < w.ping:
	case w.by == 0:
		w.by = max(sight.PingedAt+2000, m.now+1)
	case sight.Reading:
		w.by += m.now - w.looked
	case m.now >= w.by:
		w.unsettled = false
		m.came = append(m.came, w)
		return
	}
	w.looked = m.now
}

// settleDue returns when that is; false: its pong is awaited.
func (w *who) settleDue() (chat.Time, bool) {
	switch {
	case w.ping == 0:
		return w.nextRound, true
	case !w.mute:
		return 0, false
	case w.by == 0:
		return w.looked + 250, true
	}
	return min(w.by, w.looked+250), true
}

// classify: a message, a typing event or an app ping arrived, and no pong; for a resumable client a message that names its chat.
func (m *model) classify(w *who, c *chat.Command) {
	p := m.partner(w)
	if w.resumable && (c.Op != chat.Send || p == nil || c.Partner != p.alias) {
		return
	}
	if w.pinged && !w.answers && w.met != 0 {
		w.mute = true
	}
}

// silentAt returns when w counts as silent if nothing more is heard.
func (m *model) silentAt(w *who) chat.Time {
	heard := m.sight(w.conn).Heard
	switch {
	case !w.mute:
		return heard + 12_000
	case heard <= w.met:
		return w.met
	}
	return heard + 65_000
}

// listen runs a tick for w, which is ready.
func (m *model) listen(w *who) {
	if m.now >= m.silentAt(w) {
		w.silent = true
		m.probe(w)
	} else if m.now >= m.sight(w.conn).Heard+10_000 {
		m.probe(w)
	}
}

func (m *model) listenDue(w *who) chat.Time {
	t := m.silentAt(w)
	if !w.probed {
		t = min(t, m.sight(w.conn).Heard+10_000)
	}
	return t
}

// ghost returns which of two may be the other's ghost; nil if neither.
func (m *model) ghost(a, b *who) *who {
	for _, pair := range [][2]*who{{a, b}, {b, a}} {
		x, y := pair[0], pair[1]
		mine, opened := m.sight(x.conn), m.sight(y.conn).Opened
		unasked := x.answers && !x.resumable && !y.resumable && opened >= mine.Opened+2000 && x.shownAt < opened
		if unasked && !x.mute || x.mute && m.now >= mine.Heard+12_000 && opened > mine.Heard {
			return x
		}
	}
	return nil
}

// heard is the side effect of any frame of w.
func (m *model) heard(w *who) {
	if w.place == 0 || w.conn == 0 {
		return
	}
	others := 0
	for _, x := range m.people {
		if m.ready(x) {
			others++
		}
	}
	if w.silent || others > 1 {
		w.silent = false
		m.came = append(m.came, w)
	}
}

// ready: waiting, present, heard, settled, and without a tail.
func (m *model) ready(w *who) bool {
	return w.place != 0 && w.conn != 0 && !w.silent && !w.unsettled && len(m.tail(w)) == 0
}

// matchAll matches ready sessions, the oldest first, with the oldest that it may meet, if a ready session has come to the
// queue. Otherwise two sessions that may be rematched wait for the tick.
func (m *model) matchAll() {
	if !slices.ContainsFunc(m.came, m.ready) {
		return
	}
	queue := m.queue()
	for _, w := range queue {
		if m.ready(w) && m.now >= m.silentAt(w) {
			w.silent = true
			m.probe(w)
		}
	}
	for i, a := range queue {
		for _, b := range queue[i+1:] {
			if m.ready(a) && m.ready(b) && !m.estranged(a, b) {
				if g := m.ghost(a, b); g != nil {
					if g.waitsFor == 0 && !g.mute {
						m.ping(g, chat.Ping)
					}
				} else {
					m.match(a, b)
				}
			}
		}
	}
	m.came = nil
}

func (m *model) match(a, b *who) {
	m.chats++
	for _, w := range []*who{a, b} {
		w.place, w.queued = 0, 0
		w.chat, w.alias, w.matched, w.out, w.asked = m.chats, "", m.now, numbers{seen: true}, 0
		if !w.resumable && w.met == 0 {
			m.say(w, chat.Event{Kind: chat.TypingStop})
		}
		if w.pinged {
			w.met = m.now
		}
		m.say(w, chat.Event{Kind: chat.Matched})
	}
}

func (m *model) estranged(a, b *who) bool {
	return a.former == b.hash && b.former == a.hash && m.now < a.parted+10_000
}
