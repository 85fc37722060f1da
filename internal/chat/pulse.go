package chat

// pulse is what pings have revealed about a session; it is lost with the socket. A legacy client has one from its auth
// on, a resumable client from the first Probe on.
//
// A client answers a ping after it has read everything before it, and need answer only the newest (RFC 6455, section
// 5.5.3): a pong counts for its own ping and for all earlier ones.
type pulse struct {
	met     Time   // when it was last matched after the first ping; 0: never
	probed  bool   // it was sent a Probe and has shown no sign of life since
	mark    uint64 // the first unanswered ping since the last answer; 0: none
	told    Time   // … when that was sent
	shown   Time   // … and when the previous one was, which it has answered
	answers bool   // it has answered a ping
	mute    bool   // it answers none: something on the way swallows them

	settling settling
	asking   asking
}

// settling is the phase from the end of a legacy client's chat until everything has arrived that the client wrote before
// it learned of the end. Until then its messages are dropped and it is not matched.
type settling struct {
	on      bool
	ping    uint64 // it must answer this ping, or a later one; 0: the next round has not begun
	next    Time   // no round begins before this
	by      Time   // mute: when it is settled; 0: the ping is not known to be written
	checked Time   // mute: when by was last checked
}

// asking is the state of Lobby.ask: it finds out, for the partner, what a legacy client has read.
type asking struct {
	ping  uint64 // under way; 0: none
	upTo  uint64 // the message that its pong confirms
	after Time   // no ping before this
}

// heart returns the pulse of s, which MUST have a socket.
func (s *session) heart() *pulse {
	if s.pulse == nil {
		s.pulse = new(pulse)
	}
	return s.pulse
}

// ping sends s a ping, as Ping or Probe, after everything sent before, and returns its number.
func (l *Lobby) ping(s *session, kind Kind) uint64 {
	l.lastPing++
	p := s.heart()
	if p.mark == 0 {
		p.mark, p.told = l.lastPing, l.now
	}
	l.tell(s, Event{Kind: kind, N: l.lastPing})
	return l.lastPing
}

// pong handles the answer to a ping. A number that was never written is ignored; 0 is the number of a keepalive before
// any other ping.
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

// classify records that a message, a typing event or an app ping has arrived. A client sends in order: if it wrote this
// after a matched that itself came after a ping, and no pong has arrived, something on the way swallows pings. A legacy
// client is pinged first, so that is true for everything it sends. For a resumable client it is certain only for a
// message that names the chat.
func (l *Lobby) classify(s *session, c *Command) {
	p := s.pulse
	if p == nil || p.answers || p.met == 0 {
		return
	}
	if !s.Resumable || c.Op == Send && s.partner != nil && c.Partner == s.partner.Alias {
		p.mute = true
	}
}
