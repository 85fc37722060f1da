package chat

import "container/heap"

// deadlines is a heap of the sessions that have a deadline, the soonest first. Of those due at the same moment, as all
// are after a restart, the oldest comes first.
type deadlines []*session

func (d deadlines) Len() int { return len(d) }
func (d deadlines) Less(i, j int) bool {
	if d[i].deadline != d[j].deadline {
		return d[i].deadline < d[j].deadline
	}
	return d[i].ID < d[j].ID
}
func (d deadlines) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].index, d[j].index = i, j
}
func (d *deadlines) Push(x any) {
	s := x.(*session)
	s.index = len(*d)
	*d = append(*d, s)
}
func (d *deadlines) Pop() any {
	old := *d
	s := old[len(old)-1]
	old[len(old)-1] = nil
	*d = old[:len(old)-1]
	s.index = -1
	return s
}

// fix moves s to the position of its deadline.
func (d *deadlines) fix(s *session) {
	switch {
	case s.deadline == 0 && s.index >= 0:
		heap.Remove(d, s.index)
	case s.deadline == 0:
	case s.index < 0:
		heap.Push(d, s)
	default:
		heap.Fix(d, s.index)
	}
}

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
		t = min(l.aliveDue(s), l.rematchDue(s))
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
	if len(l.due) == 0 {
		return 0, false
	}
	return l.due[0].deadline, true
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
