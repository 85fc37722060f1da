package chat

// Stats counts the sessions in memory, and what the lobby has done since it was created.
type Stats struct {
	Census
	Matches   uint64 // pairs made…
	Between   uint64 // … of one session in the low-priority pool and one outside
	Policy    LowPriority
	Need      Need  // how long a streak stands out now
	MailBytes int64 // of all mailboxes, including those of hibernated sessions
}

// Census counts sessions in memory, each once.
type Census struct {
	Idle, Waiting, Matched int // with a socket
	Away                   int // without one, within a window
	LowPriority            int // of these: sessions that stand out
}

// Need is how many chats in a row must be bad for a session to stand out: chats in which the other side wrote nothing, and
// chats that were not proper.
type Need struct{ Ignored, Short int }

// Stats visits every session in memory.
func (l *Lobby) Stats() Stats {
	need := l.standings.need
	c := Stats{
		Matches: uint64(l.lastPair) - l.cfg.Boot<<32, Between: l.standings.tokens.spent, MailBytes: l.mail.bytes,
		Policy: l.cfg.LowPriority, Need: Need{Ignored: int(need[ignored]), Short: int(need[short])},
	}
	for _, s := range l.sessions {
		c.count(l, s)
	}
	return c
}

func (c *Census) count(l *Lobby, s *session) {
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
