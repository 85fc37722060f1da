package chat

// kick ends a session, in memory or hibernated, for an operator: its socket is closed, its partner is queued again, and
// a later resume is told that the session has ended.
func (l *Lobby) kick(a *Auth) {
	s := l.sessions[a.Resume.Hash]
	if s == nil {
		s, _ = l.find(a)
	}
	if s == nil {
		return // it has just ended on its own
	}
	l.note(Fact{Kind: FactKicked, Session: s.Hash})
	l.tell(s, Event{Kind: Close, CloseCode: CloseRevoked})
	l.end(s, CauseKicked)
}
