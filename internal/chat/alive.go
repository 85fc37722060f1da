package chat

import "time"

// Liveness: no client is matched with one that is gone and not missed yet, nor with its own ghost. The rules are
// those of "Settling and liveness" in the protocol.

const (
	// A waiting session that was last heard probeAfter ago is pinged; after aliveFor it is not matched until its next byte.
	probeAfter = 10 * time.Second
	aliveFor   = 12 * time.Second
	// aliveForMute is for a client whose pings are eaten: it says something by itself every 30 s.
	aliveForMute = 65 * time.Second
	// ghostAfter is less than the age of a socket whose client opens another: a legacy client waits 3 s before it does.
	ghostAfter = 2 * time.Second
)

// hearingEnds returns when s counts as silent if nothing is heard of it. A mute client that was not heard since its last
// match may be gone since then.
func (l *Lobby) hearingEnds(s *session, heard Time) Time {
	p := s.pulse
	switch {
	case p == nil || !p.mute:
		return heard.Add(aliveFor)
	case heard <= p.met:
		return p.met
	}
	return heard.Add(aliveForMute)
}

// alive reports whether s, which waits and has a socket, was heard lately.
func (l *Lobby) alive(s *session) bool {
	return l.now < l.hearingEnds(s, l.look(s.conn).Heard)
}

// aliveDue returns when s, which is ready, is to be probed or counts as silent.
func (l *Lobby) aliveDue(s *session) Time {
	heard := l.look(s.conn).Heard
	ends := l.hearingEnds(s, heard)
	if s.probed() {
		return ends
	}
	return min(ends, heard.Add(probeAfter))
}

// probed reports whether s was told a Probe and has given no sign of life since.
func (s *session) probed() bool { return s.pulse != nil && s.pulse.probed }

// probe asks a waiting session for a sign of life, once until it gives one.
func (l *Lobby) probe(s *session) {
	if !s.probed() {
		l.ping(s, Probe)
		s.pulse.probed = true
	}
}

// confront asks one that may be a ghost for the answer to a ping, one at a time. A mute client is left alone.
func (l *Lobby) confront(s *session) {
	if s.pulse.mark == 0 && !s.pulse.mute {
		l.ping(s, Ping)
	}
}

// listen looks whether s, which is ready, is still there.
func (l *Lobby) listen(s *session) {
	heard := l.look(s.conn).Heard
	switch {
	case !l.alive(s):
		l.silence(s)
	case l.now >= heard.Add(probeAfter):
		l.probe(s)
	}
}

// silence takes s out of those who can be matched, until its next byte. It keeps its place.
func (l *Lobby) silence(s *session) {
	s.silent = true
	l.queue.remove(s)
	l.probe(s) // the socket reports the next byte behind one
	l.schedule(s)
}

// heard is called after every sign of life of s. If s was silent it is eligible again, and a session it could not meet
// before it may meet now. If it was probed the next Probe is due anew.
func (l *Lobby) heard(s *session, probed bool) {
	if s.Place != 0 && (probed || s.silent || len(l.queue.ready) > 1) {
		s.silent = false
		l.match(s)
		l.schedule(s)
	}
}

// mayHaunt reports whether a may be the ghost of b: b was opened by a client that had lost the socket of a. A legacy client
// that answers pings has none once it has answered one that was told after b was opened; what came otherwise may have
// been on its way. A resumable client takes its session with it. One whose pings are eaten cannot be asked.
func (l *Lobby) mayHaunt(a, b *session) bool {
	p := a.pulse
	if p == nil {
		return false
	}
	mine, opened := l.look(a.conn), l.look(b.conn).Opened
	switch {
	case p.mute:
		return l.now >= mine.Heard.Add(aliveFor) && opened > mine.Heard
	case p.answers && !a.Resumable && !b.Resumable:
		return opened >= mine.Opened.Add(ghostAfter) && p.shown < opened
	}
	return false
}

// ghost returns the one of the two that must be heard before they are matched; nil: neither.
func (l *Lobby) ghost(a, b *session) *session {
	switch {
	case l.mayHaunt(a, b):
		return a
	case l.mayHaunt(b, a):
		return b
	}
	return nil
}
