package chat

import "time"

// confirmEvery is the least time between two questions to one old client.
const confirmEvery = 250 * time.Millisecond

// ask finds out how far p, an old client, has read, since it cannot say so itself: a ping goes behind what it was
// sent, and the pong that comes back confirms that to its partner, if that one counts messages. One is under way at
// a time, and one every confirmEvery at most; the next message or the deadline asks for the rest.
func (l *Lobby) ask(p *session) {
	if p.unconfirmed() && p.asked == 0 && l.now >= p.askAfter {
		l.lastPing++
		p.asked, p.askedFor, p.askAfter = l.lastPing, p.partner.out.last, l.now.Add(confirmEvery)
		l.tell(p, Event{Kind: Ping, N: p.asked})
	}
	l.schedule(p)
}

// unconfirmed says whether an old client was sent what its partner does not know to have arrived.
func (s *session) unconfirmed() bool {
	p := s.partner
	return p != nil && !s.Resumable && p.Resumable && p.out.got < p.out.last
}

// pong is the answer of an old client to a ping: to settle, or to ask.
func (l *Lobby) pong(s *session, n uint64) {
	switch {
	case n == 0:
	case n == s.settle:
		s.settle = 0
		l.match(s)
		l.schedule(s)
	case n == s.asked:
		s.asked = 0
		if s.partner.out.confirm(s.askedFor) {
			l.tellAcked(s.partner)
		}
		l.ask(s)
	}
}
