package chat

import "time"

// A legacy client cannot name the chat it writes to. These rules keep its messages from reaching the next partner
// (docs/protocol.md, "What the server does about legacy clients").

const (
	// roundEvery is the minimum time between two rounds of pings.
	roundEvery = 250 * time.Millisecond
	// checkEvery is how often a mute client is checked while it settles.
	checkEvery = 250 * time.Millisecond
)

// unsettled reports whether s, a legacy client, may still be writing to its previous partner.
func (s *session) unsettled() bool { return s.pulse != nil && s.pulse.settling.on }

// unsettle begins to wait until everything has arrived that s, which is queued, wrote before it learned that its chat is
// over: a ping follows what it was just told.
func (l *Lobby) unsettle(s *session) {
	if s.Resumable || s.conn == 0 {
		return
	}
	l.maker.drop(s)
	s.pulse.settling = settling{on: true}
	l.round(s)
	l.schedule(s)
}

// round sends a ping that s must answer to be settled.
func (l *Lobby) round(s *session) {
	w := &s.pulse.settling
	w.ping, w.next, w.by, w.checked = l.ping(s, Ping), l.now.Add(roundEvery), 0, l.now
}

// answered handles the pong of the current round. If a frame has arrived since the ping was written, or is arriving, more
// may be in flight, because a pong may overtake queued frames and arrive between two fragments. Then another round follows.
func (l *Lobby) answered(s *session, sight Sight) {
	w := &s.pulse.settling
	if sight.Noise < w.ping && !sight.Reading {
		l.settled(s)
		return
	}
	w.ping = 0
	if l.now >= w.next {
		l.round(s)
	}
}

func (l *Lobby) settled(s *session) {
	s.pulse.settling = settling{}
	l.match(s)
}

// settleDue returns when s, which is not settled, needs attention; 0 while its next pong is awaited.
func (s *session) settleDue() Time {
	p := s.pulse
	w := &p.settling
	switch {
	case w.ping == 0:
		return w.next
	case !p.mute:
		return 0
	case w.by != 0:
		return min(w.by, w.checked.Add(checkEvery))
	}
	return w.checked.Add(checkEvery)
}

// goOnSettling does what is due for s. A mute client is settled SettleTimeout after the ping was written, not counting
// time in which a message is being read.
func (l *Lobby) goOnSettling(s *session) {
	w := &s.pulse.settling
	if w.ping == 0 {
		l.round(s)
		return
	}
	sight := l.look(s.conn)
	switch {
	case sight.Pinged < w.ping:
	case w.by == 0:
		w.by = max(sight.PingedAt.Add(l.cfg.SettleTimeout), l.now+1)
	case sight.Reading:
		w.by += l.now - w.checked
	case l.now >= w.by:
		l.settled(s)
		return
	}
	w.checked = l.now
}
