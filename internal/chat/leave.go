package chat

// leaver is a session that has left memory before its row is on disk.
type leaver struct {
	hash  Hash
	batch uint64
}

// arrived forgets the leavers whose rows are on disk now. A session that returned and left again is listed twice, and the
// later entry counts.
func (l *Lobby) arrived() {
	n := 0
	for ; n < len(l.left) && l.left[n].batch <= l.committed; n++ {
		if each := l.left[n]; l.leaving[each.hash] == each.batch {
			delete(l.leaving, each.hash)
		}
	}
	l.left = l.left[n:]
	if len(l.left) == 0 {
		l.left = nil
	}
}

// memory is what the lobby remembers of a session that has left memory: its recent partners and its standing.
type memory struct {
	id      ID
	former  *partners
	streaks streaks
	proven  bool
	until   Time
}

// memoriesMax is how many of them there are; the oldest fade first.
const memoriesMax = 1 << 16

// recall keeps a memory of s, which leaves memory, for as long as it counts.
func (l *Lobby) recall(s *session) {
	n := 0
	for ; n < len(l.fading) && (l.now >= l.fading[n].until || len(l.fading)-n > memoriesMax); n++ {
		if each := l.fading[n]; l.memories[each.id] == each {
			delete(l.memories, each.id)
		}
	}
	if l.fading = l.fading[n:]; len(l.fading) == 0 {
		l.fading = nil
	}
	until := s.last().parted.Add(max(l.cfg.RecentFor, l.cfg.RematchAfter))
	if s.streaks.last != 0 {
		until = max(until, s.streaks.last.Add(streakFor))
	}
	if s.Resumable && s.EndedAt == 0 && s.former != nil && l.now < until {
		m := memory{s.ID, s.former, s.streaks, s.proven, until}
		l.memories[s.ID] = m
		l.fading = append(l.fading, m)
	}
}

// remind restores to s, which returns to memory, what recall has kept.
func (l *Lobby) remind(s *session) {
	if m, ok := l.memories[s.ID]; ok {
		s.former, s.streaks, s.proven = m.former, m.streaks, m.proven
	}
}
