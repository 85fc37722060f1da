package chat

// Census counts the sessions in memory, each once, and what the lobby has done since it was made.
type Census struct {
	Idle, Waiting, Matched int // with a socket
	Away                   int // without one, within a window

	Matches   uint64 // pairs made
	MailBytes int64  // of all mailboxes, those of hibernated sessions too
}

// Census looks at every session in memory.
func (l *Lobby) Census() Census {
	c := Census{Matches: uint64(l.lastPair) - l.cfg.Boot<<32, MailBytes: l.mailBytes}
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

// Waited returns how long each of those matched in the last step had been in the queue. The slice is reused by the next.
func (l *Lobby) Waited() []Time { return l.waited }
