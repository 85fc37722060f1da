package chat

// Stats counts the sessions in memory, each once, and what the lobby has done since it was created.
type Stats struct {
	Idle, Waiting, Matched int // with a socket
	Away                   int // without one, within a window
	LowPriority            int // of these: sessions that stand out

	Matches   uint64 // pairs made
	Need      Need   // how long a streak stands out now
	MailBytes int64  // of all mailboxes, including those of hibernated sessions
}

// Need is how many chats in a row must be bad for a session to stand out: chats in which the other side wrote nothing, and
// chats that were not proper.
type Need struct{ Ignored, Short int }

// Stats visits every session in memory.
func (l *Lobby) Stats() Stats {
	need := l.standings.need
	c := Stats{
		Matches: uint64(l.lastPair) - l.cfg.Boot<<32, MailBytes: l.mail.bytes,
		Need: Need{Ignored: int(need[ignored]), Short: int(need[short])},
	}
	for _, s := range l.sessions {
		if s.standsOut(l) {
			c.LowPriority++
		}
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
