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

// parting is the last chat of a session that left memory while it must not be matched with its partner again.
type parting struct {
	id     ID
	former ID
	at     Time
}

// recall keeps the last parting of s, which leaves memory, for as long as it counts, so that a session that has been
// away meanwhile is not rematched either.
func (l *Lobby) recall(s *session) {
	n := 0
	for ; n < len(l.partings) && l.now >= l.partings[n].at.Add(l.cfg.RematchAfter); n++ {
		if each := l.partings[n]; l.parted[each.id] == each {
			delete(l.parted, each.id)
		}
	}
	if l.partings = l.partings[n:]; len(l.partings) == 0 {
		l.partings = nil
	}
	if s.Resumable && s.EndedAt == 0 && s.former != 0 && l.now < s.parted.Add(l.cfg.RematchAfter) {
		p := parting{s.ID, s.former, s.parted}
		l.parted[s.ID] = p
		l.partings = append(l.partings, p)
	}
}

// remind restores to s, which returns to memory, what recall has kept.
func (l *Lobby) remind(s *session) {
	if p, ok := l.parted[s.ID]; ok {
		s.former, s.parted = p.former, p.at
	}
}
