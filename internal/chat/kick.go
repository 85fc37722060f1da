package chat

// kick ends a session because an operator wants it, wherever it is: its socket is closed, its partner is back in the
// queue, and its client is told at a resume that it has ended.
func (l *Lobby) kick(a *Auth) {
	s := l.sessions[a.Resume.Hash]
	if s == nil {
		s, _ = l.find(a)
	}
	if s == nil {
		return // it has just ended by itself
	}
	l.note(Fact{Kind: FactKicked, Session: s.Hash})
	l.tell(s, Event{Kind: Close, CloseCode: CloseRevoked})
	l.end(s, CauseKicked)
}
