package chat

// networks are the streaks of networks: the latest networksKept with an outcome, in memory only.
type networks struct {
	by             map[Network]*neighborhood
	newest, oldest *neighborhood
}

// neighborhood is the streaks of one network, in the order of the last outcomes.
type neighborhood struct {
	network      Network
	streaks      streaks
	newer, older *neighborhood
}

// find returns the streaks of n, nil if there are none.
func (s *networks) find(n Network, now Time) *streaks {
	one := s.by[n]
	if one == nil {
		return nil
	}
	one.streaks.lapse(now, networkStreakFor)
	return &one.streaks
}

// of returns the streaks of n for an outcome, nil if n is unknown.
func (s *networks) of(n Network, now Time) *streaks {
	if n == 0 {
		return nil
	}
	one := s.by[n]
	switch {
	case one == nil && len(s.by) >= networksKept:
		one = s.oldest
		s.unlink(one)
		delete(s.by, one.network)
		*one = neighborhood{network: n}
		s.by[n] = one
	case one == nil:
		if s.by == nil {
			s.by = make(map[Network]*neighborhood)
		}
		one = &neighborhood{network: n}
		s.by[n] = one
	default:
		s.unlink(one)
	}
	one.older = s.newest
	if s.newest != nil {
		s.newest.newer = one
	} else {
		s.oldest = one
	}
	s.newest = one
	one.streaks.lapse(now, networkStreakFor)
	return &one.streaks
}

func (s *networks) unlink(one *neighborhood) {
	if one.newer != nil {
		one.newer.older = one.older
	} else {
		s.newest = one.older
	}
	if one.older != nil {
		one.older.newer = one.newer
	} else {
		s.oldest = one.newer
	}
	one.newer, one.older = nil, nil
}
