package model

import "chatme/internal/chat"

// pulse is what the model knows about a socket from its pings. A legacy client has one from its auth on.
type pulse struct {
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
func (m *Model) ping(w *Session, kind chat.Kind) uint64 {
	m.pings++
	n := 1<<40 + m.pings
	if w.waitsFor == 0 {
		w.waitsFor, w.toldAt = n, m.now
	}
	w.pinged = true
	m.say(w, chat.Event{Kind: kind, N: n})
	return n
}

// Numbered gives the pings sent to w in this step the numbers that the lobby has given them.
func (m *Model) Numbered(conn chat.ConnID, heard []chat.Event) {
	w := m.At(conn)
	for i := range m.Said[conn] {
		e := &m.Said[conn][i]
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

func (m *Model) probe(w *Session) {
	if !w.probed {
		m.ping(w, chat.Probe)
		w.probed = true
	}
}

// unsettle: a legacy client's next messages may be meant for its previous partner.
func (m *Model) unsettle(w *Session) {
	if w.Resumable || w.Conn == 0 {
		return
	}
	w.unsettled, w.in, w.due = true, false, 0
	m.round(w)
}

func (m *Model) round(w *Session) {
	w.ping, w.nextRound, w.by, w.looked = m.ping(w, chat.Ping), m.now+250, 0, m.now
}

// pong answers every ping up to n.
func (m *Model) pong(w *Session, n uint64) {
	sight := m.Sight(w.Conn)
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
			m.match(w)
		case m.now >= w.nextRound:
			m.round(w)
		default:
			w.ping = 0
		}
	}
	if w.asked != 0 && n >= w.asked {
		p := m.Partner(w)
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
func (m *Model) settle(w *Session) {
	sight := m.Sight(w.Conn)
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
		m.match(w)
		return
	}
	w.looked = m.now
}

// settleDue returns when that is; false: its pong is awaited.
func (w *Session) settleDue() (chat.Time, bool) {
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
func (m *Model) classify(w *Session, c *chat.Command) {
	p := m.Partner(w)
	if w.Resumable && (c.Op != chat.Send || p == nil || c.Partner != p.Alias) {
		return
	}
	if w.pinged && !w.answers && w.met != 0 {
		w.mute = true
	}
}

// silentAt returns when w counts as silent if nothing more is heard.
func (m *Model) silentAt(w *Session) chat.Time {
	heard := m.Sight(w.Conn).Heard
	switch {
	case !w.mute:
		return heard + 12_000
	case heard <= w.met:
		return w.met
	}
	return heard + 65_000
}

// listen runs a tick for w, which is ready.
func (m *Model) listen(w *Session) {
	if m.now >= m.silentAt(w) {
		m.silence(w)
	} else if m.now >= m.Sight(w.Conn).Heard+10_000 {
		m.probe(w)
	}
}

func (m *Model) listenDue(w *Session) chat.Time {
	t := m.silentAt(w)
	if !w.probed {
		t = min(t, m.Sight(w.Conn).Heard+10_000)
	}
	return t
}

// ghost returns which of two may be the other's ghost; nil if neither.
func (m *Model) ghost(a, b *Session) *Session {
	for _, pair := range [][2]*Session{{a, b}, {b, a}} {
		x, y := pair[0], pair[1]
		mine, opened := m.Sight(x.Conn), m.Sight(y.Conn).Opened
		unasked := x.answers && !x.Resumable && !y.Resumable && opened >= mine.Opened+2000 && x.shownAt < opened
		if unasked && !x.mute || x.mute && m.now >= mine.Heard+12_000 && opened > mine.Heard {
			return x
		}
	}
	return nil
}

// heard is the side effect of any frame of w.
func (m *Model) heard(w *Session, probed bool) {
	if w.Place == 0 || w.Conn == 0 {
		return
	}
	others := 0
	for _, x := range m.Sessions {
		if x.in {
			others++
		}
	}
	if probed || w.silent || others > 1 {
		w.silent = false
		m.match(w)
	}
}

// silence: w is not matched until its next byte.
func (m *Model) silence(w *Session) {
	w.silent, w.in, w.due = true, false, 0
	m.probe(w)
}
