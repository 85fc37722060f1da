package chat

import "time"

// A legacy client cannot name the chat it writes to. These are the rules of "Settling" in the protocol, by which its
// words never reach the next stranger.

const (
	// roundEvery is the least time between two rounds of pings.
	roundEvery = 250 * time.Millisecond
	// checkEvery is how often a mute client is looked at while it settles.
	checkEvery = 250 * time.Millisecond
)

// unsettled reports whether s, a legacy client, may still write to a partner who is gone.
func (s *session) unsettled() bool { return s.pulse != nil && s.pulse.settling.on }

// unsettle begins to wait until everything has arrived that s, in the queue, wrote before it knew: a ping goes
// behind what it was told just now.
func (l *Lobby) unsettle(s *session) {
	if s.Resumable || s.conn == 0 {
		return
	}
	l.queue.remove(s)
	s.pulse.settling = settling{on: true}
	l.round(s)
	l.schedule(s)
}

// round writes a ping that s must answer to be settled.
func (l *Lobby) round(s *session) {
	w := &s.pulse.settling
	w.ping, w.next, w.by, w.checked = l.ping(s, Ping), l.now.Add(roundEvery), 0, l.now
}

// answered takes the pong of the round under way. If a frame has come since the ping was written, or one is coming,
// more may be under way: a pong may overtake what is queued, and come between two fragments. Then there is another round.
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

// settleDue returns when something is to be done for s, which is not settled; 0: its next pong is awaited.
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

// goOnSettling does what is due for s. A mute client is settled SettleTimeout after the ping was written, and while a
// message is being read that time stands still.
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
