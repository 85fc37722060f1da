package chat

import "time"

// confirmEvery is the minimum time between two such pings to one legacy client.
const confirmEvery = 250 * time.Millisecond

// ask finds out how far p, a legacy client, has read, because it cannot report that itself. A ping follows the messages
// it was sent, and its pong confirms them to the partner, if the partner counts messages. At most one ping is under way,
// and at most one is sent every confirmEvery; the next message or the deadline asks for the rest.
func (l *Lobby) ask(p *session) {
	if p.unconfirmed() && p.pulse.asking.ping == 0 && l.now >= p.pulse.asking.after {
		a := &p.pulse.asking
		a.ping, a.upTo, a.after = l.ping(p, Ping), p.partner.out.last, l.now.Add(confirmEvery)
	}
	l.schedule(p)
}

// unconfirmed reports whether a legacy client was sent messages whose arrival is not confirmed to its partner.
func (s *session) unconfirmed() bool {
	p := s.partner
	return p != nil && !s.Resumable && p.Resumable && p.out.got < p.out.last
}
