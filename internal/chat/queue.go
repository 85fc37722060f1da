package chat

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// queue is the sessions that can be matched, and the matching policy. Places rise and are never reused.
type queue struct {
	last  uint64     // the latest place that was given
	ready []*session // eligible, by rising place; few, see match
}

// add inserts s at its place.
func (q *queue) add(s *session) {
	at, _ := slices.BinarySearchFunc(q.ready, s.Place, func(r *session, place uint64) int { return cmp.Compare(r.Place, place) })
	q.ready = slices.Insert(q.ready, at, s)
}

// remove removes s, if it is in the queue.
func (q *queue) remove(s *session) {
	if i := slices.Index(q.ready, s); i >= 0 {
		q.ready = slices.Delete(q.ready, i, i+1)
	}
}

// search queues s, which first leaves its chat if it is in one. A resumable client may name the chat it leaves; if that
// is not the current chat, the command is too late and is dropped.
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

// misnamed reports whether a resumable client names a chat other than the current one. Legacy clients name none.
func (s *session) misnamed(chat Alias) bool {
	return s.Resumable && chat != "" && (s.partner == nil || chat != s.partner.Alias)
}

// enqueue gives s the last place in the queue. A session that is away keeps its place only for QueueWindow.
func (l *Lobby) enqueue(s *session) {
	l.queue.last++
	s.Place, s.QueuedAt = l.queue.last, l.wall
	if s.conn == 0 {
		s.until = l.now.Add(l.cfg.QueueWindow)
	}
	l.markDirty(s)
	l.schedule(s)
}

// eligible reports whether s waits and can be matched with a session that it may meet.
func (s *session) eligible() bool {
	return s.Place != 0 && s.conn != 0 && !s.silent && !s.unsettled() && !s.tail()
}

// match marks s as ready, if it is eligible, and pairs the oldest ready session with the next that it may meet (law L3).
//
// Few sessions stay ready. Two stay unmatched while each is the other's last partner, and a third cannot be the last
// partner of both; or while one may be the ghost of the other, which is pinged. If the Tick that ends this is late, a
// session that arrives meanwhile does not overtake them.
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

// nextPair returns the oldest ready session that may meet another, and the oldest session that it may meet; nil if there
// is no such pair.
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

// recentlyMatched reports whether a and b must not be matched yet: each is the other's last partner, and they have just parted.
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

// checkQueue checks the queue, for Check.
func (l *Lobby) checkQueue() error {
	ready := l.queue.ready
	for i, a := range ready {
		if !a.eligible() {
			return fmt.Errorf("L3: %s is ready but is not waiting, is away, silent or unsettled, or has a tail", a.Hash)
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
			return fmt.Errorf("L3: %s is eligible but not ready", h)
		}
	}
	return nil
}

// pair begins a chat between two waiting sessions.
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
			if !s.Resumable && p.met == 0 { // its client keeps the indicator of a previous connection
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

// leave removes s from its chat and queues its partner again, as partner_disconnected promises. It returns the partner,
// and the caller matches it once s has its final place. Mailbox entries stay as a tail; a session that leaves by its own
// choice discards its entries first.
func (l *Lobby) leave(s *session, cause Cause) *session {
	p := s.partner
	l.note(Fact{Kind: FactEnded, Session: p.Hash, With: s.Hash, Cause: cause})
	for _, side := range [...]*session{s, p} {
		l.hideTyping(side)
		side.hidden = 0
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
