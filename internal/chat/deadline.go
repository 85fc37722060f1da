package chat

func (s *session) when() (Time, uint64) { return s.deadline, uint64(s.ID) }
func (s *session) place() *int          { return &s.index }

// schedule sets the deadline of s from its state.
func (l *Lobby) schedule(s *session) {
	if l.sessions[s.Hash] != s {
		return // it was dropped from memory in this step
	}
	var t Time
	switch state := s.State(); {
	case s.conn == 0:
		t = s.until
		if s.hidden != 0 {
			t = min(t, s.hidden)
		}
	case state == Idle && s.Resumable:
		t = s.active.Add(l.cfg.IdleAfter)
	case state == Waiting && s.unsettled():
		t = s.settleDue()
	case state == Waiting && s.eligible():
		t = l.aliveDue(s)
	case s.unconfirmed() && s.pulse.asking.ping == 0:
		t = s.pulse.asking.after
	}
	if t != s.deadline {
		s.deadline = t
		l.due.fix(s)
	}
}

// NextDeadline returns when the next Tick has something to do; false if never.
func (l *Lobby) NextDeadline() (Time, bool) {
	next, ok := l.due.first()
	sooner := func(at Time) {
		if !ok || at < next {
			next, ok = at, true
		}
	}
	if at, waits := l.maker.windows.first(); waits {
		sooner(at)
	}
	if at := l.standings.tokens.due; at != 0 && l.maker.pools[lowPool].all.first != nil {
		sooner(at)
	}
	return next, ok
}

// expire handles every deadline that is due.
func (l *Lobby) expire() {
	for len(l.due) > 0 && l.due[0].deadline <= l.now {
		s := l.due[0]
		switch state := s.State(); {
		case s.conn == 0 && state == Waiting:
			l.lapse(s)
		case s.conn == 0 && l.now < s.until:
			l.announce(s)
		case s.conn == 0:
			l.giveUp(s, CauseAway)
		case state == Idle:
			l.hibernate(s)
		case state == Paired:
			l.ask(s)
		case s.unsettled():
			l.goOnSettling(s)
			l.schedule(s)
		default:
			l.listen(s)
			l.match(s)
			l.schedule(s)
		}
	}
}

// lapse removes from the queue a session that stayed away too long.
func (l *Lobby) lapse(s *session) {
	s.Place, s.QueuedAt = 0, 0
	l.markDirty(s)
	l.forget(s)
}

// giveUp ends the chat of s, which is away: its window is over, or its mailbox cannot take a message.
func (l *Lobby) giveUp(s *session, cause Cause) {
	p := l.leave(s, cause)
	l.forget(s)
	l.match(p)
}

// hibernate closes the socket of an idle session; its row can be resumed. Without a row the session ends.
func (l *Lobby) hibernate(s *session) {
	l.tell(s, Event{Kind: Close, CloseCode: CloseHibernated})
	if !s.hasRow() {
		l.end(s, CauseLeft)
		return
	}
	l.unbind(s)
	s.AwaySince = l.wall
	l.markDirty(s)
	l.forget(s)
}
