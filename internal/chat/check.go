package chat

import "fmt"

// Check returns the first law or index of the lobby that does not hold. Tests and debugging call it; it costs
// time in proportion to the sessions in memory.
func (l *Lobby) Check() error {
	for h, s := range l.sessions {
		if err := l.checkSession(h, s); err != nil {
			return err
		}
	}
	for c, s := range l.conns {
		if s.conn != c || l.sessions[s.Hash] != s {
			return fmt.Errorf("L7: conn %d leads to %s, which has conn %d", c, s.Hash, s.conn)
		}
	}
	for i, a := range l.ready {
		if a.Place == 0 || a.conn == 0 || a.settle != 0 {
			return fmt.Errorf("L3: %s is ready but not waiting, present and settled", a.Hash)
		}
		for _, b := range l.ready[i+1:] {
			late := b.deadline != 0 && b.deadline <= l.now // a Tick is due that will match them
			if a.Place >= b.Place || !l.estranged(a, b) && !late {
				return fmt.Errorf("L3: %s and %s are ready and not matched", a.Hash, b.Hash)
			}
		}
	}
	return nil
}

func (l *Lobby) checkSession(h Hash, s *session) error {
	switch {
	case s.Hash != h || s.gone || s.EndedAt != 0:
		return fmt.Errorf("index: %s stands under %s or has ended", s.Hash, h)
	case s.Place != 0 && s.Pair != 0:
		return fmt.Errorf("L1: %s is waiting and paired", h)
	case (s.Pair != 0) != (s.partner != nil):
		return fmt.Errorf("L1: %s is paired in its row or in memory only", h)
	case s.partner == s:
		return fmt.Errorf("L2: %s is its own partner", h)
	case s.partner != nil && (s.partner.partner != s || s.partner.Pair != s.Pair || s.partner.Side == s.Side):
		return fmt.Errorf("L2: the pair of %s is not symmetric", h)
	case s.conn != 0 && l.conns[s.conn] != s:
		return fmt.Errorf("L7: %s has conn %d, which is not its own", h, s.conn)
	case (s.conn == 0) != (s.AwaySince != 0):
		return fmt.Errorf("%s: conn %d, away since %d", h, s.conn, s.AwaySince)
	case s.conn == 0 && (s.State() == Idle || !s.Resumable):
		return fmt.Errorf("%s is away and idle or old, and still in memory", h)
	case s.State() != Idle && !s.onDisk && !s.dirty:
		return fmt.Errorf("L9: %s is %s and in no batch", h, s.State())
	case (s.deadline != 0) != (s.index >= 0) || (s.index >= 0 && l.due[s.index] != s):
		return fmt.Errorf("index: the deadline of %s", h)
	case s.conn == 0 && s.deadline == 0:
		return fmt.Errorf("%s is away for ever", h)
	case s.out.got > s.out.last || s.out.held > s.out.last:
		return fmt.Errorf("%s: got %d or held %d above last %d", h, s.out.got, s.out.held, s.out.last)
	}
	if s.Place != 0 && s.conn != 0 && s.settle == 0 {
		for _, r := range l.ready {
			if r == s {
				return nil
			}
		}
		return fmt.Errorf("L3: %s is eligible and not ready", h)
	}
	return nil
}
