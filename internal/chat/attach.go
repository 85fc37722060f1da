package chat

import "time"

// attach binds a socket that has authenticated to a session, new or resumed.
func (l *Lobby) attach(conn ConnID, a *Auth) {
	if a.Resume == nil {
		s := l.open(conn, a)
		l.tell(s, Event{Kind: AuthSuccess})
		if s.Resumable {
			l.tell(s, Event{Kind: SessionID})
		}
		return
	}
	s, refusal := l.find(a)
	if s != nil {
		l.resume(s, conn, a.Resume)
		return
	}
	s = l.open(conn, a)
	l.tell(s, Event{Kind: AuthSuccess})
	l.tell(s, Event{Kind: ResumeFailed, Code: refusal})
	l.tell(s, Event{Kind: SessionID})
}

// open makes a session for conn. That of an old client has no row before its first search.
func (l *Lobby) open(conn ConnID, a *Auth) *session {
	l.lastID++
	s := &session{index: -1, Record: Record{ID: l.lastID, Hash: a.Fresh, Resumable: a.Resumable, CreatedAt: l.now}}
	l.sessions[s.Hash] = s
	if s.Resumable {
		l.touch(s)
	}
	l.bind(s, conn)
	return s
}

func (l *Lobby) bind(s *session, conn ConnID) {
	s.conn, s.active, s.asleep, s.until = conn, l.now, false, 0
	l.conns[conn] = s
	if s.AwaySince != 0 {
		s.AwaySince = 0
		l.touch(s)
	}
	l.schedule(s)
}

// find returns the session a resume asks for, from memory or from the row that was found, or why it cannot.
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
	case r.AwaySince.Add(l.cfg.SessionTTL) <= l.now:
		return nil, ResumeExpired
	}
	s := &session{index: -1, Record: *r, onDisk: true}
	l.sessions[s.Hash] = s
	return s, ""
}

// resume gives s to a new socket; the newest wins. What the client says of its latest chat counts only if that
// is the current one; a chat it names that is not current is over, and being told so means being queued.
func (l *Lobby) resume(s *session, conn ConnID, r *Resume) {
	returning := s.conn == 0
	re := &Resumption{}
	if returning {
		re.AwayMs = int64(max(l.now-s.AwaySince, 0))
	} else {
		l.tell(s, Event{Kind: Close, CloseCode: CloseReplaced})
		delete(l.conns, s.conn)
	}
	l.bind(s, conn)
	l.tell(s, Event{Kind: AuthSuccess})

	re.Gap = r.Epoch != "" && r.Epoch != l.cfg.Epoch // the database was restored: what the client names is over
	raised, news := false, false
	switch {
	case s.Pair != 0 && (r.Partner == "" || r.Partner == s.partner.Alias && !re.Gap):
		if r.Partner != "" {
			raised = s.out.resumeSender(r.Acked)
			news = s.partner.out.claimed(r.Got)
		}
		re.State, re.Alias, re.Here = ResumedMatched, s.partner.Alias, s.partner.conn != 0
		re.Recv, re.Delivered, re.Last = s.out.recv(), s.out.got, s.out.last
	case r.Partner != "":
		re.State, re.Alias = ResumedEnded, r.Partner
	case s.Place != 0:
		re.State = ResumedSearching
	default:
		re.State = ResumedIdle
	}
	l.tell(s, Event{Kind: Resumed, Resumed: re})
	l.hideTyping(s)
	if re.State == ResumedEnded {
		l.tellPresent(s)
	}
	if s.Pair != 0 {
		if !returning {
			l.cut(s)
		}
		l.rejoin(s, returning, raised, news)
	}
	l.match(s)
	l.schedule(s)
}

// tellPresent goes on from a chat that is over to where the session stands now.
func (l *Lobby) tellPresent(s *session) {
	l.tell(s, Event{Kind: PartnerDisconnected})
	switch s.State() {
	case Idle:
		l.enqueue(s)
		fallthrough
	case Waiting:
		l.tell(s, Event{Kind: Searching})
	case Paired:
		l.tell(s, Event{Kind: Matched, Alias: s.partner.Alias})
	}
}

// rejoin tells both sides of a chat that s is attached again, and the partner what s knew better: raised, that
// numbers are used up; news, that s has more.
func (l *Lobby) rejoin(s *session, returning, raised, news bool) {
	p := s.partner
	s.out.gapTold = false
	if p.conn == 0 {
		l.tell(s, Event{Kind: PartnerAway, At: p.until})
	}
	if n := p.out.missing(); n != 0 {
		l.tell(s, Event{Kind: Gap, N: n})
	}
	if !p.Resumable {
		l.ask(p)
		return
	}
	if returning {
		p.out.gapTold = false
		l.tell(p, Event{Kind: PartnerBack})
	}
	if n := s.out.missing(); raised && n != 0 {
		l.tell(p, Event{Kind: Gap, N: n})
	}
	if news {
		l.tellAcked(p)
	}
}

// sleep notes that the socket will be closed and the session be back within d.
func (l *Lobby) sleep(s *session, d time.Duration) {
	if !s.Resumable {
		return
	}
	s.asleep = true
	s.nap = Time(min(d, l.cfg.SleepMax).Milliseconds())
}

// detach takes the socket from s. An old client cannot come back, so it is gone; so is whoever closed with 1000
// without announcing a sleep.
func (l *Lobby) detach(s *session, leaves bool) {
	if !s.Resumable || (leaves && !s.asleep) {
		l.end(s)
		return
	}
	l.unbind(s)
	s.AwaySince = l.now
	l.touch(s)
	switch s.State() {
	case Idle:
		l.forget(s)
		return
	case Waiting:
		s.until = l.now.Add(l.cfg.QueueWindow)
	case Paired:
		l.stepAway(s)
	}
	l.schedule(s)
}

// unbind fences the socket of s.
func (l *Lobby) unbind(s *session) {
	delete(l.conns, s.conn)
	s.conn = 0
	l.unready(s)
}

// stepAway opens the window in which the chat waits for s, and tells the partner.
func (l *Lobby) stepAway(s *session) {
	p := s.partner
	s.until = l.now.Add(l.chatWindow(p))
	if s.asleep && p.Resumable && s.nap > 0 {
		s.until = l.now + s.nap
	}
	l.cut(s)
	if p.Resumable {
		l.tell(p, Event{Kind: PartnerAway, At: s.until})
	}
}

// cut tells the partner what went with a socket of s: the typing on it, and the messages that s has not confirmed.
func (l *Lobby) cut(s *session) {
	p := s.partner
	l.hideTyping(p)
	if !p.Resumable {
		return
	}
	if n := p.out.forget(); n != 0 {
		l.tell(p, Event{Kind: Error, Code: ErrUnavailable, N: n})
	}
}

// chatWindow is how long a chat waits for the one whose partner is p.
func (l *Lobby) chatWindow(p *session) time.Duration {
	if p.Resumable {
		return l.cfg.ChatWindow
	}
	return l.cfg.ChatWindowOld
}

// end ends s for good. A resumable one leaves a row behind that says so; an old one leaves nothing.
func (l *Lobby) end(s *session) {
	l.unbind(s)
	if s.Pair != 0 {
		l.match(l.leave(s))
	}
	s.Place, s.QueuedAt = 0, 0
	if s.Resumable {
		s.EndedAt, s.AwaySince = l.now, l.now
		l.touch(s)
	} else {
		s.gone = true
		if s.dirty || s.onDisk {
			l.touch(s)
		}
	}
	l.forget(s)
}
