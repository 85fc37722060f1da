package chat

import "fmt"

// Check returns an error for the first law or index of the lobby that is violated. It is for tests and debugging, and
// takes time proportional to the number of sessions in memory.
func (l *Lobby) Check() error {
	for h, s := range l.sessions {
		if err := l.checkSession(h, s); err != nil {
			return err
		}
	}
	for c, s := range l.conns {
		if s.conn != c || l.sessions[s.Hash] != s {
			return fmt.Errorf("L7: conn %d belongs to %s, which has conn %d", c, s.Hash, s.conn)
		}
	}
	if l.stopped {
		return nil
	}
	return l.checkQueue()
}

func (l *Lobby) checkSession(h Hash, s *session) error {
	switch {
	case s.Hash != h || s.gone || s.EndedAt != 0:
		return fmt.Errorf("index: %s is indexed under %s, or has ended", s.Hash, h)
	case s.Place != 0 && s.Pair != 0:
		return fmt.Errorf("L1: %s is waiting and paired", h)
	case (s.Pair != 0) != (s.partner != nil):
		return fmt.Errorf("L1: %s is paired only in its row or only in memory", h)
	case s.partner == s:
		return fmt.Errorf("L2: %s is its own partner", h)
	case s.partner != nil && (s.partner.partner != s || s.partner.Pair != s.Pair || s.partner.Side == s.Side):
		return fmt.Errorf("L2: the pair of %s is not symmetric", h)
	case s.conn != 0 && l.conns[s.conn] != s:
		return fmt.Errorf("L7: %s has conn %d, which belongs to another session", h, s.conn)
	case (s.conn == 0) != (s.AwaySince != 0):
		return fmt.Errorf("%s: conn %d, away since %d", h, s.conn, s.AwaySince)
	case s.conn == 0 && (s.State() == Idle || !s.Resumable):
		return fmt.Errorf("%s is away and is idle or a legacy client's, but still in memory", h)
	case s.State() != Idle && !s.onDisk && !s.dirty:
		return fmt.Errorf("L9: %s is %s and in no batch", h, s.State())
	case (s.deadline != 0) != (s.index >= 0) || (s.index >= 0 && l.due[s.index] != s):
		return fmt.Errorf("index: wrong position for the deadline of %s", h)
	case s.conn == 0 && s.deadline == 0:
		return fmt.Errorf("%s is away without a deadline", h)
	case (s.Pair != 0) != (s.out != nil):
		return fmt.Errorf("L1: %s is paired and has no flow, or the reverse", h)
	case s.conn == 0 && s.pulse != nil || s.conn != 0 && !s.Resumable && s.pulse == nil:
		return fmt.Errorf("%s has a pulse and no socket, or the reverse", h)
	case s.unsettled() && (s.Place == 0 || s.Resumable):
		return fmt.Errorf("%s is not settled, but is not a waiting legacy client", h)
	case s.mail != nil && len(s.mail.entries) == 0:
		return fmt.Errorf("%s has an empty mailbox", h)
	case s.tail() && s.Pair != 0:
		return fmt.Errorf("%s is paired and has not confirmed its tail", h)
	}
	if s.out != nil {
		if err := l.checkFlow(s); err != nil {
			return err
		}
	}
	return nil
}

// checkFlow checks the numbers of the messages that s sends, and where their bodies are kept.
func (l *Lobby) checkFlow(s *session) error {
	f, p := s.out, s.partner
	switch {
	case f.got > f.last || f.held > f.last || f.last > f.top:
		return fmt.Errorf("%s: got %d or held %d above last %d, or that above top %d", s.Hash, f.got, f.held, f.last, f.top)
	case f.got != min(f.has(), f.last):
		return fmt.Errorf("%s: got %d, claim %d, last %d", s.Hash, f.got, f.claim, f.last)
	case len(f.ring) > 0 && (p.conn == 0 || !p.Resumable):
		return fmt.Errorf("%s: a ring for %s, which is away or cannot resume", s.Hash, p.Hash)
	}
	n := f.got
	for _, m := range f.ring {
		if m.n <= n || m.n > f.last {
			return fmt.Errorf("%s: number %d in the ring after %d, last %d", s.Hash, m.n, n, f.last)
		}
		n = m.n
	}
	if p.mail != nil && (p.mail.entries[0].n <= f.got || p.mail.last() > f.last) {
		return fmt.Errorf("%s: mailbox entries %d to %d, got %d, last %d", s.Hash, p.mail.entries[0].n, p.mail.last(), f.got, f.last)
	}
	return nil
}
