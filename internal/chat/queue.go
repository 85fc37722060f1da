package chat

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// queue is who can be matched, and the policy of who meets whom. Places rise and are never used twice.
type queue struct {
	last  uint64     // the latest place that was given
	ready []*session // eligible, by rising place; few, see match
}

// add puts s where its place belongs.
func (q *queue) add(s *session) {
	at, _ := slices.BinarySearchFunc(q.ready, s.Place, func(r *session, place uint64) int { return cmp.Compare(r.Place, place) })
	q.ready = slices.Insert(q.ready, at, s)
}

// remove takes s out, if it is there.
func (q *queue) remove(s *session) {
	if i := slices.Index(q.ready, s); i >= 0 {
		q.ready = slices.Delete(q.ready, i, i+1)
	}
}

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
		l.mail.discardAll(s)
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

// misnamed reports whether a resumable client means another chat than the current one. Legacy clients name none.
func (s *session) misnamed(chat Alias) bool {
	return s.Resumable && chat != "" && (s.partner == nil || chat != s.partner.Alias)
}

// enqueue gives s the last place in the queue; whoever is away keeps it for a while only.
func (l *Lobby) enqueue(s *session) {
	l.queue.last++
	s.Place, s.QueuedAt = l.queue.last, l.wall
	if s.conn == 0 {
		s.until = l.now.Add(l.cfg.QueueWindow)
	}
	l.markDirty(s)
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
	l.queue.remove(s)
	if !s.eligible() {
		return
	}
	for _, r := range slices.Backward(l.queue.ready) {
		if !l.alive(r) {
			l.silence(r)
		}
	}
	if !l.alive(s) {
		l.silence(s)
		return
	}
	l.queue.add(s)
	for a, b := l.nextPair(); a != nil; a, b = l.nextPair() {
		l.queue.remove(a)
		l.queue.remove(b)
		l.pair(a, b)
	}
	for _, r := range l.queue.ready {
		l.schedule(r)
	}
}

// nextPair returns the oldest of those who can be matched that may meet another, and the oldest of those it may meet; nil if there
// are no two.
func (l *Lobby) nextPair() (a, b *session) {
	for i, a := range l.queue.ready {
		for _, b := range l.queue.ready[i+1:] {
			if l.recentlyMatched(a, b) {
				continue
			}
			if ghost := l.ghost(a, b); ghost != nil {
				l.confront(ghost)
				continue
			}
			return a, b
		}
	}
	return nil, nil
}

// recentlyMatched reports whether two may not be matched yet: each is the other's last partner, and they parted moments ago.
func (l *Lobby) recentlyMatched(a, b *session) bool {
	return a.former == b.ID && b.former == a.ID && l.now < a.parted.Add(l.cfg.RematchAfter)
}

// rematchDue returns when s may meet its last partner again, if both are ready.
func (l *Lobby) rematchDue(s *session) (t Time) {
	t = math.MaxInt64
	for _, r := range l.queue.ready {
		if l.recentlyMatched(s, r) {
			t = min(t, s.parted.Add(l.cfg.RematchAfter), r.parted.Add(l.cfg.RematchAfter))
		}
	}
	return t
}

// checkQueue is Check for the queue.
func (l *Lobby) checkQueue() error {
	ready := l.queue.ready
	for i, a := range ready {
		if !a.eligible() {
			return fmt.Errorf("L3: %s is ready but not waiting, present, heard, settled and without a tail", a.Hash)
		}
		for _, b := range ready[i+1:] {
			late := b.deadline != 0 && b.deadline <= l.now // a Tick is due that will match them
			if a.Place >= b.Place || !l.recentlyMatched(a, b) && l.ghost(a, b) == nil && !late {
				return fmt.Errorf("L3: %s and %s are ready and not matched", a.Hash, b.Hash)
			}
		}
	}
	for h, s := range l.sessions {
		if s.eligible() && !slices.Contains(ready, s) {
			return fmt.Errorf("L3: %s is eligible and not ready", h)
		}
	}
	return nil
}

// pair begins a chat between two who waited.
func (l *Lobby) pair(a, b *session) {
	l.lastPair++
	for side, s := range [...]*session{a, b} {
		l.note(Fact{Kind: FactMatched, Session: s.Hash, With: [...]*session{b, a}[side].Hash, Took: max(l.wall-s.QueuedAt, 0)})
		s.Place, s.QueuedAt = 0, 0
		s.Pair, s.Side, s.Alias, s.MatchedAt = l.lastPair, uint8(side), l.cfg.NewAlias(), l.wall
		s.out = &flow{seen: true}
		l.markDirty(s)
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
		l.markDirty(side)
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
