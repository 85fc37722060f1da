package chat

import (
	"fmt"
	"slices"
	"time"
)

// search queues s, which first leaves its chat if it is in one. A resumable client may name the chat it leaves; if that
// is not the current chat, the command is too late and is dropped. search reports whether it changed anything.
func (l *Lobby) search(s *session, chat Alias, hold time.Duration) bool {
	if s.misnamed(chat) {
		return false
	}
	waits := s.State() == Waiting
	var left *session
	if !waits {
		l.pace(s, hold)
	}
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
	return !waits
}

// misnamed reports whether a resumable client names a chat other than the current one. Legacy clients name none.
func (s *session) misnamed(chat Alias) bool {
	return s.Resumable && chat != "" && (s.partner == nil || chat != s.partner.Alias)
}

// enqueue gives s the last place in the queue. A session that is away keeps its place only for QueueWindow.
func (l *Lobby) enqueue(s *session) {
	l.lastPlace++
	s.Place, s.QueuedAt, s.since = l.lastPlace, l.wall, l.now
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

// match pairs s, if it can be matched, with the session that it meets, or makes it wait for one that meets it (law L3).
func (l *Lobby) match(s *session) {
	l.maker.drop(s)
	switch {
	case !s.eligible():
	case !l.alive(s):
		l.silence(s)
	default:
		l.seek(l.maker.issue(s))
	}
}

// seek looks for the session that the one of t meets, by what it is open to now.
func (l *Lobby) seek(t *ticket) {
	s := t.s
	l.maker.leave(t)
	if l.now >= s.notBefore {
		t.open, t.pool = l.openness(s), l.poolOf(s)
		if r := l.partnerFor(t); r != nil {
			l.meeting(t.pool, r.ticket.pool)
			l.maker.drop(s)
			l.maker.drop(r)
			if r.Place < s.Place {
				s, r = r, s
			}
			l.pair(s, r)
			return
		}
		l.maker.enter(t)
	}
	t.due = l.window(s)
	l.maker.windows.fix(t)
	l.schedule(s)
}

// meeting counts a match of sessions in these pools.
func (l *Lobby) meeting(a, b pool) {
	switch {
	case a != b:
		l.standings.tokens.spend(l.now)
	case a == mainPool:
		l.standings.tokens.count(l.now)
	}
}

// mix looks for a match between the pools, which is possible now. What it finds about one session may take the ticket of
// another.
func (l *Lobby) mix() {
	var low []*session
	for t := range l.maker.tickets(lowPool) {
		low = append(low, t.s)
	}
	for _, s := range low {
		switch t := s.ticket; {
		case t == nil:
		case !l.alive(s):
			l.silence(s)
		default:
			if l.seek(t); l.standings.tokens.due != 0 {
				return
			}
		}
	}
}

// openWindows does what is due at the clock's time for sessions that wait: it comes before whatever happens now, so that a
// late Tick lets no session overtake them.
func (l *Lobby) openWindows() {
	if due := l.standings.tokens.due; due != 0 && due <= l.now {
		l.standings.tokens.due = 0
		l.mix()
	}
	for {
		at, ok := l.maker.windows.first()
		if !ok || at > l.now {
			return
		}
		if t := l.maker.windows[0]; l.alive(t.s) {
			l.seek(t)
		} else {
			l.silence(t.s)
		}
	}
}

// checkQueue checks the matchmaker, for Check.
func (l *Lobby) checkQueue() error {
	in := slices.AppendSeq(slices.Collect(l.maker.tickets(mainPool)), l.maker.tickets(lowPool))
	for i, a := range in {
		if i > 0 && in[i-1].pool == a.pool && in[i-1].s.Place >= a.s.Place {
			return fmt.Errorf("L3: %s is behind %s", in[i-1].s.Hash, a.s.Hash)
		}
		if a.s.ticket != a || !a.s.eligible() {
			return fmt.Errorf("L3: %s can be matched but is not waiting, is away, silent or unsettled, or has a tail", a.s.Hash)
		}
		for _, b := range in[i+1:] {
			if (a.pool == b.pool || l.mixes() && l.standings.tokens.due == 0) && a.agrees(b) && l.may(a.s, b.s) && l.ghost(a.s, b.s) == nil {
				return fmt.Errorf("L3: %s and %s may meet and both wait", a.s.Hash, b.s.Hash)
			}
		}
	}
	for h, s := range l.sessions {
		if s.eligible() != (s.ticket != nil) {
			return fmt.Errorf("L3: %s is eligible and has no ticket, or the reverse", h)
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
		s.out = &flow{seen: true, began: l.now}
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
		l.tellMatched(s)
		l.schedule(s)
	}
}

// tellMatched tells s whom it is in a chat with, and the topics that both prefer.
func (l *Lobby) tellMatched(s *session) {
	e := Event{Kind: Matched, Alias: s.partner.Alias}
	if s.Resumable {
		e.Common = s.wants.Topics & s.partner.wants.Topics
	}
	l.tell(s, e)
}

// leave removes s from its chat and queues its partner again, as partner_disconnected promises. It returns the partner,
// and the caller matches it once s has its final place. Mailbox entries stay as a tail; a session that leaves by its own
// choice discards its entries first. A chat that was brief does not interrupt the partner's wait.
func (l *Lobby) leave(s *session, cause Cause) *session {
	p := s.partner
	since, brief := p.since, l.now < p.out.began.Add(briefChat)
	l.judge(s, p)
	l.note(Fact{Kind: FactEnded, Session: p.Hash, With: s.Hash, Cause: cause})
	l.noteStanding(s)
	l.noteStanding(p)
	for _, side := range [...]*session{s, p} {
		l.hideTyping(side)
		side.hidden = 0
		side.parts(side.partner, l.now)
		side.Pair, side.Side, side.Alias, side.MatchedAt = 0, 0, "", 0
		if side.pulse != nil {
			side.pulse.asking.ping = 0
		}
		l.empty(side.out)
		side.out = nil
		l.markDirty(side)
	}
	s.partner, p.partner = nil, nil
	l.paceLeft(p)
	l.enqueue(p)
	if brief {
		p.since = since // or partners that leave at once would keep it from ever being late
	}
	l.disconnected(p)
	return p
}

// disconnected tells s, which is in the queue, that its chat is over.
func (l *Lobby) disconnected(s *session) {
	l.tell(s, Event{Kind: PartnerDisconnected})
	l.unsettle(s)
}
