package chat

import "time"

// attach binds a socket that has authenticated to a session, new or resumed.
func (l *Lobby) attach(conn ConnID, a *Auth) {
	if a.Resume == nil {
		s := l.open(conn, a)
		l.noteAttached(s)
		l.tell(s, Event{Kind: AuthSuccess})
		if s.Resumable {
			l.tell(s, Event{Kind: SessionID})
			return
		}
		l.ping(s, Ping)
		return
	}
	if a.Resume.Got > MaxNumber || a.Resume.Acked > MaxNumber {
		l.events = append(l.events, Event{Conn: conn, Kind: Close, CloseCode: CloseImpossible})
		return
	}
	s, refusal := l.find(a)
	switch {
	case s != nil && s.hasRow():
		l.resume(s, conn, a)
		return
	case s != nil: // there is nothing to resume, and its client has moved on to this socket
		l.tell(s, Event{Kind: Close, CloseCode: CloseReplaced})
		l.end(s, CauseLeft)
		refusal = ResumeUnknown
	}
	s = l.open(conn, a)
	l.noteAttached(s)
	l.tell(s, Event{Kind: AuthSuccess})
	l.tell(s, Event{Kind: ResumeFailed, Code: refusal})
	l.tell(s, Event{Kind: SessionID})
}

func (l *Lobby) noteAttached(s *session) {
	l.note(Fact{Kind: FactAttached, Session: s.Hash, Conn: s.conn, Network: s.network, Resumable: s.Resumable})
}

// open creates a session for conn. It has no row until its first search.
func (l *Lobby) open(conn ConnID, a *Auth) *session {
	l.lastID++
	s := &session{index: -1, Record: Record{
		ID: l.lastID, Hash: a.Fresh, Resumable: a.Resumable, CreatedAt: l.wall,
	}}
	l.sessions[s.Hash] = s
	l.bind(s, conn, a.Network)
	return s
}

func (l *Lobby) bind(s *session, conn ConnID, from Network) {
	s.conn, s.active, s.asleep, s.until, s.hidden = conn, l.now, false, 0, 0
	s.silent, s.pulse = false, nil
	if s.network = from; s.quota == nil || s.quota.network != from {
		l.moves(s, from)
	}
	l.conns[conn] = s
	if s.AwaySince != 0 {
		s.AwaySince = 0
		l.markDirty(s)
	}
	l.schedule(s)
}

// find returns the session that a resume asks for, from memory or from the row that was found, or the reason why it cannot.
func (l *Lobby) find(a *Auth) (*session, ErrorCode) {
	if s := l.sessions[a.Resume.Hash]; s != nil && s.Resumable {
		return s, ""
	}
	r := a.Found
	switch {
	case r == nil || !r.Resumable || r.State() != Idle: // waiting and paired ones are always in memory
		return nil, ResumeUnknown
	case r.EndedAt != 0:
		return nil, ResumeEnded
	case r.AwaySince.Add(l.cfg.SessionTTL) <= l.wall && !l.unsure:
		return nil, ResumeExpired
	}
	s := &session{index: -1, Record: r.Record, onDisk: true}
	s.mail = openMailbox(r.Mail)
	l.remind(s)
	l.redeem(s)
	l.sessions[s.Hash] = s
	return s, ""
}

// sleep records that the client will close its socket and resume within d.
func (l *Lobby) sleep(s *session, d time.Duration) {
	if !s.Resumable {
		return
	}
	s.asleep = true
	s.nap = Time(min(d, l.cfg.SleepMax).Milliseconds())
}

// detach takes the socket from s. The session ends if its client is a legacy client, which cannot resume, if it has never
// searched, or if its client closed with 1000 without announcing a sleep.
func (l *Lobby) detach(s *session, leaves bool) {
	if !s.Resumable || !s.hasRow() || leaves && !s.asleep {
		l.end(s, CauseLeft)
		return
	}
	l.unbind(s)
	s.AwaySince = l.wall
	l.markDirty(s)
	switch s.State() {
	case Idle:
		l.forget(s)
		return
	case Waiting:
		s.until = l.now.Add(l.cfg.QueueWindow)
	case Paired:
		if !l.stepAway(s) {
			l.giveUp(s, CauseMailboxFull)
			return
		}
	}
	l.note(Fact{Kind: FactAway, Session: s.Hash, State: s.State().String()})
	l.schedule(s)
}

// unbind fences the socket of s.
func (l *Lobby) unbind(s *session) {
	delete(l.conns, s.conn)
	s.conn, s.silent, s.pulse = 0, false, nil
	l.maker.drop(s)
}

// stepAway opens the window in which the chat waits for s. A resumable partner is told after AwayAfter: a client that
// reconnects at once is not announced, however often it does. stepAway returns false if the chat cannot wait because a
// legacy client has written more than the mailbox of s can hold.
func (l *Lobby) stepAway(s *session) bool {
	p := s.partner
	s.until = l.now.Add(l.chatWindow(p))
	if s.asleep && p.Resumable && s.nap > 0 {
		s.until = l.now + s.nap
	}
	l.hideTyping(p)
	if p.Resumable {
		s.hidden = l.now.Add(l.cfg.AwayAfter)
	}
	return l.takeCustody(s)
}

// announce tells the partner of s, unless it was told, that s is away. It follows at once when a message for s is refused:
// partner_back is the signal to send that message again.
func (l *Lobby) announce(s *session) {
	if s.hidden != 0 {
		s.hidden = 0
		l.tellAway(s)
		l.schedule(s)
	}
}

// tellAway tells the partner of s that s is away, once that is durable.
func (l *Lobby) tellAway(s *session) {
	told := len(l.events)
	l.tell(s.partner, Event{Kind: PartnerAway, At: l.wallTime(s.until)})
	for i := range l.events[told:] {
		e := &l.events[told+i]
		e.After = max(e.After, s.changed)
	}
}

// chatWindow returns how long a chat waits for the partner of p.
func (l *Lobby) chatWindow(p *session) time.Duration {
	if p.Resumable {
		return l.cfg.ChatWindow
	}
	return l.cfg.ChatWindowLegacy
}

// end ends s for good. A resumable session with a row leaves it, to record the end; any other session leaves nothing.
func (l *Lobby) end(s *session, cause Cause) {
	l.unbind(s)
	l.mail.discardAll(s)
	if s.Pair != 0 {
		l.match(l.leave(s, cause))
	}
	s.Place, s.QueuedAt = 0, 0
	switch {
	case !s.hasRow():
		s.gone = true
	case s.Resumable:
		s.EndedAt, s.AwaySince = l.wall, l.wall
		l.markDirty(s)
	default:
		s.gone = true
		l.markDirty(s)
	}
	l.forget(s)
}
