package chat

// pulse is what is known of a session by the pings that were written to its socket; lost with the socket. A legacy
// client has one from its auth on, a resumable one from the first Probe on.
//
// A client answers a ping when it has read everything before it, and need answer only the newest (RFC 6455, section
// 5.5.3): a pong counts for its own ping and for all earlier ones.
type pulse struct {
	met     Time   // when it was last matched behind the first ping; 0: never
	probed  bool   // it was told a Probe and has given no sign of life since
	mark    uint64 // a ping that it has not answered, the first since the last answer; 0: none
	told    Time   // … when it was told that
	shown   Time   // … and the one before, which it has answered
	answers bool   // it has answered a ping
	mute    bool   // it answers none: something on the way eats them

	settling settling
	asking   asking
}

// settling is the time from the end of a legacy client's chat until everything that it wrote before it knew has
// arrived. Until then its messages are dropped and it is not matched.
type settling struct {
	on      bool
	ping    uint64 // it must answer this one, or a later one; 0: the next round has not begun
	next    Time   // no round begins before
	by      Time   // mute: it is settled then; 0: the ping has not been seen to be written
	checked Time   // mute: when by was last looked at
}

// asking is how the partner of a legacy client learns what that client has read.
type asking struct {
	ping  uint64 // under way; 0: none
	upTo  uint64 // the message that its pong confirms
	after Time   // no ping before
}

// heart returns the pulse of s, which MUST have a socket.
func (s *session) heart() *pulse {
	if s.pulse == nil {
		s.pulse = new(pulse)
	}
	return s.pulse
}

// ping tells s a ping, as Ping or Probe, behind all that it was told before, and returns its number.
func (l *Lobby) ping(s *session, kind Kind) uint64 {
	l.lastPing++
	p := s.heart()
	if p.mark == 0 {
		p.mark, p.told = l.lastPing, l.now
	}
	l.tell(s, Event{Kind: kind, N: l.lastPing})
	return l.lastPing
}

// pong takes the answer to a ping. A number that was never written is ignored; 0 is that of a keep-alive before any
// other ping.
func (l *Lobby) pong(s *session, n uint64) {
	p := s.pulse
	if p == nil {
		return
	}
	sight := l.look(s.conn)
	if n > sight.Pinged {
		return
	}
	p.answers, p.mute = true, false
	if p.mark != 0 && n >= p.mark {
		p.mark, p.shown = 0, p.told
	}
	if p.settling.on && p.settling.ping != 0 && n >= p.settling.ping {
		l.answered(s, sight)
	}
	if a := &p.asking; a.ping != 0 && n >= a.ping {
		a.ping = 0
		if s.partner.out.confirm(a.upTo) {
			l.tellAcked(s.partner)
		}
		l.ask(s)
	}
	l.schedule(s)
}

// classify notes that a message, a typing event or an app ping has come. If that is from behind a matched that was
// itself behind a ping, and no pong has come, something on the way eats pings: a client sends in order. A legacy client
// is pinged first, so all that it says is. Of what another says only a message that names the chat is known to be.
func (l *Lobby) classify(s *session, c *Command) {
	p := s.pulse
	if p == nil || p.answers || p.met == 0 {
		return
	}
	if !s.Resumable || c.Op == Send && s.partner != nil && c.Partner == s.partner.Alias {
		p.mute = true
	}
}
