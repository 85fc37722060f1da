package chat

// Stats counts the sessions in memory, each once, and what the lobby has done since it was created.
type Stats struct {
	Idle, Waiting, Matched int // with a socket
	Away                   int // without one, within a window

	Matches   uint64 // pairs made
	MailBytes int64  // of all mailboxes, including those of hibernated sessions
}

// Stats visits every session in memory.
func (l *Lobby) Stats() Stats {
	c := Stats{Matches: uint64(l.lastPair) - l.cfg.Boot<<32, MailBytes: l.mail.bytes}
	for _, s := range l.sessions {
		switch state := s.State(); {
		case s.conn == 0:
			c.Away++
		case state == Waiting:
			c.Waiting++
		case state == Paired:
			c.Matched++
		default:
			c.Idle++
		}
	}
	return c
}
