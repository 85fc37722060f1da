package chat

import "time"

// Liveness: no client is matched with a dead client whose loss is not detected yet, nor with its own ghost. The
// rules are in docs/protocol.md, "What the server does about legacy clients".

const (
	// A waiting session last heard from probeAfter ago is pinged. After aliveFor it is not matched until its next byte.
	probeAfter = 10 * time.Second
	aliveFor   = 12 * time.Second
	// aliveForMute is aliveFor for a client whose pings are swallowed: it sends something on its own every 30 s.
	aliveForMute = 65 * time.Second
	// ghostAfter is less than the age of a socket whose client opens another: a legacy client waits 3 s before reconnecting.
	ghostAfter = 2 * time.Second
)

// hearingEnds returns when s counts as silent if nothing more is heard from it. A mute client that was not heard since
// its last match may have been gone since then.
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

// alive reports whether s, which waits and has a socket, was heard recently.
func (l *Lobby) alive(s *session) bool {
	return l.now < l.hearingEnds(s, l.look(s.conn).Heard)
}

// aliveDue returns when s, which is ready, must be probed or counts as silent.
func (l *Lobby) aliveDue(s *session) Time {
	heard := l.look(s.conn).Heard
	ends := l.hearingEnds(s, heard)
	if s.probed() {
		return ends
	}
	return min(ends, heard.Add(probeAfter))
}

// probed reports whether s was sent a Probe and has shown no sign of life since.
func (s *session) probed() bool { return s.pulse != nil && s.pulse.probed }

// probe asks a waiting session for a sign of life, at most once until it shows one.
func (l *Lobby) probe(s *session) {
	if !s.probed() {
		l.ping(s, Probe)
		s.pulse.probed = true
	}
}

// confront pings a session that may be a ghost, one ping at a time. It does not ping a mute client.
func (l *Lobby) confront(s *session) {
	if s.pulse.mark == 0 && !s.pulse.mute {
		l.ping(s, Ping)
	}
}

// listen checks whether s, which is ready, is still alive.
func (l *Lobby) listen(s *session) {
	heard := l.look(s.conn).Heard
	switch {
	case !l.alive(s):
		l.silence(s)
	case l.now >= heard.Add(probeAfter):
		l.probe(s)
	}
}

// silence removes s from the sessions that can be matched, until its next byte. It keeps its place.
func (l *Lobby) silence(s *session) {
	s.silent = true
	l.maker.drop(s)
	l.probe(s) // the socket reports the next byte after one
	l.schedule(s)
}

// heard is called after every sign of life of s. If s was silent it is eligible again, and may now match a session that
// it could not match before. If it was probed, the next Probe is rescheduled.
func (l *Lobby) heard(s *session, probed bool) {
	if s.Place != 0 && (probed || s.silent || l.maker.waiting > 1) {
		s.silent = false
		l.match(s)
		l.schedule(s)
	}
}

// mayHaunt reports whether a may be the ghost of b: b was opened by a client that had lost the socket of a. A legacy
// client that answers pings is not a ghost once it has answered one sent after b was opened; any other frame may have
// been in flight. A resumable client takes its session with it. A client whose pings are swallowed cannot be asked.
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

// ghost returns the session of the two that must be heard before they are matched; nil if neither.
func (l *Lobby) ghost(a, b *session) *session {
	switch {
	case l.mayHaunt(a, b):
		return a
	case l.mayHaunt(b, a):
		return b
	}
	return nil
}
