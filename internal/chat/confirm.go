package chat

import "time"

// confirmEvery is the least time between two questions to one legacy client.
const confirmEvery = 250 * time.Millisecond

// ask finds out how far p, a legacy client, has read, since it cannot say so itself: a ping goes behind what it was
// sent, and the pong that comes back confirms that to its partner, if that one counts messages. One is under way at
// a time, and one every confirmEvery at most; the next message or the deadline asks for the rest.
func (l *Lobby) ask(p *session) {
	if p.unconfirmed() && p.pulse.asking.ping == 0 && l.now >= p.pulse.asking.after {
		a := &p.pulse.asking
		a.ping, a.upTo, a.after = l.ping(p, Ping), p.partner.out.last, l.now.Add(confirmEvery)
	}
	l.schedule(p)
}

// unconfirmed reports whether a legacy client was sent what its partner does not know to have arrived.
func (s *session) unconfirmed() bool {
	p := s.partner
	return p != nil && !s.Resumable && p.Resumable && p.out.got < p.out.last
}
