package chat

import (
	"cmp"
	"slices"
)

// search puts s in the queue, first out of its chat if it is in one. A resumable client may name the chat it
// leaves; if that is not the current one the command comes too late and is dropped.
func (l *Lobby) search(s *session, chat Alias) {
	if s.misnamed(chat) {
		return
	}
	var left *session
	switch s.State() {
	case Idle:
		l.enqueue(s)
	case Paired:
		l.discardAll(s)
		left = l.leave(s, CauseNext)
		l.enqueue(s)
	}
	l.tell(s, Event{Kind: Searching})
	l.note(Fact{Kind: FactSearched, Session: s.Hash})
	if left != nil {
		l.unsettle(s)
		l.match(left)
	}
	l.match(s)
}

// misnamed says whether a resumable client means another chat than the current one. Old clients name none.
func (s *session) misnamed(chat Alias) bool {
	return s.Resumable && chat != "" && (s.partner == nil || chat != s.partner.Alias)
}

// enqueue gives s the last place in the queue; whoever is away keeps it for a while only.
func (l *Lobby) enqueue(s *session) {
	l.lastPlace++
	s.Place, s.QueuedAt = l.lastPlace, l.wall
	if s.conn == 0 {
		s.until = l.now.Add(l.cfg.QueueWindow)
	}
	l.touch(s)
	l.schedule(s)
}

// eligible reports whether s waits and can be matched with one that it may meet.
func (s *session) eligible() bool {
	return s.Place != 0 && s.conn != 0 && !s.silent && !s.unsettled() && !s.tail()
}

// match notes that s is eligible, if it is, and pairs the oldest of those who are with the next it may meet (law L3).
//
// Few are left. Two stay unmatched while each is the other's last partner, and a third cannot be the last partner of
// both; or while one may be the ghost of the other, which it is asked about. If the Tick that ends this is late, a
// session that comes meanwhile does not overtake them.
func (l *Lobby) match(s *session) {
	l.unready(s)
	if !s.eligible() {
		return
	}
	for i := len(l.ready) - 1; i >= 0; i-- {
		if r := l.ready[i]; !l.alive(r) {
			l.silence(r)
		}
	}
	if !l.alive(s) {
		l.silence(s)
		return
	}
	at, _ := slices.BinarySearchFunc(l.ready, s.Place, func(r *session, place uint64) int {
		return cmp.Compare(r.Place, place)
	})
	l.ready = slices.Insert(l.ready, at, s)
	for i := 0; i < len(l.ready); i++ {
		for j := i + 1; j < len(l.ready); j++ {
			a, b := l.ready[i], l.ready[j]
			if l.estranged(a, b) {
				continue
			}
			if ghost := l.ghost(a, b); ghost != nil {
				l.confront(ghost)
				continue
			}
			l.ready = slices.Delete(slices.Delete(l.ready, j, j+1), i, i+1)
			l.pair(a, b)
			i--
			break
		}
	}
	for _, r := range l.ready {
		l.schedule(r)
	}
}

func (l *Lobby) unready(s *session) {
	if i := slices.Index(l.ready, s); i >= 0 {
		l.ready = slices.Delete(l.ready, i, i+1)
	}
}

// pair begins a chat between two who waited.
func (l *Lobby) pair(a, b *session) {
	l.lastPair++
	for side, s := range [...]*session{a, b} {
		l.note(Fact{Kind: FactMatched, Session: s.Hash, With: [...]*session{b, a}[side].Hash, Took: max(l.wall-s.QueuedAt, 0)})
		s.Place, s.QueuedAt = 0, 0
		s.Pair, s.Side, s.Alias, s.MatchedAt = l.lastPair, uint8(side), l.cfg.NewAlias(), l.wall
		s.out = &flow{seen: true}
		l.touch(s)
	}
	a.partner, b.partner = b, a
	for _, s := range [...]*session{a, b} {
		if p := s.pulse; p != nil {
			if !s.Resumable && p.met == 0 { // its client keeps the indicator of a former connection
				l.tell(s, Event{Kind: TypingStop})
			}
			p.met, p.asking.ping = max(l.now, 1), 0
		}
	}
	for _, s := range [...]*session{a, b} {
		l.tell(s, Event{Kind: Matched, Alias: s.partner.Alias})
		l.schedule(s)
	}
}

// leave takes s out of its chat and puts its partner, whom it returns, back in the queue: partner_disconnected
// means just that. The caller matches the partner once s has the place it is to have. Letters stay as a tail; who
// leaves on its own account gives up its own before.
func (l *Lobby) leave(s *session, cause Cause) *session {
	p := s.partner
	l.note(Fact{Kind: FactEnded, Session: p.Hash, With: s.Hash, Cause: cause})
	for _, side := range [...]*session{s, p} {
		l.hideTyping(side)
		side.former, side.parted = side.partner.ID, l.now
		side.Pair, side.Side, side.Alias, side.MatchedAt = 0, 0, "", 0
		if side.pulse != nil {
			side.pulse.asking.ping = 0
		}
		l.empty(side.out)
		side.out = nil
		l.touch(side)
	}
	s.partner, p.partner = nil, nil
	l.enqueue(p)
	l.disconnected(p)
	return p
}

// disconnected tells s, which is in the queue, that its chat is over.
func (l *Lobby) disconnected(s *session) {
	l.tell(s, Event{Kind: PartnerDisconnected})
	l.unsettle(s)
}
