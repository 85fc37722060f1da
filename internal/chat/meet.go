package chat

import (
	"math"
	"slices"
	"time"
)

// Preferences are what a session would like to talk about, and in which languages: bits of the operator's two lists. They
// live in memory only.
type Preferences struct {
	Topics    uint64 // 0: any
	Languages uint64 // 0: any
}

// prefer sets what s prefers from now on. A session that waits keeps its place.
func (l *Lobby) prefer(s *session, wants Preferences) {
	if !s.Resumable {
		return
	}
	s.wants, s.asked = wants, l.now
	if s.ticket != nil {
		l.match(s)
	}
}

// openness returns what s, which waits, is open to by now.
func (l *Lobby) openness(s *session) openness {
	switch {
	case l.now >= s.lateAt(l):
		return late
	case s.wants.Topics == 0 || l.now >= s.openAt(l):
		return open
	}
	return choosy
}

// briefChat is the length from which a chat ends the wait of a session that is left.
const briefChat = 3 * time.Second

// longAgo is when a session that was waiting when the server started began to: it is late.
const longAgo Time = math.MinInt64 / 4

func (s *session) openAt(l *Lobby) Time { return max(s.since, s.asked).Add(l.cfg.OpenAfter) }
func (s *session) lateAt(l *Lobby) Time { return s.since.Add(l.cfg.LateAfter) }

// meets reports whether s meets r, which waits and is open to it as far as topics go. It finds out what r's socket knows:
// a silent r is removed from those that can be matched, and a possible ghost is pinged.
func (l *Lobby) meets(s, r *session) bool {
	if !l.may(s, r) {
		return false
	}
	if !l.alive(r) {
		l.silence(r)
		return false
	}
	if ghost := l.ghost(s, r); ghost != nil {
		l.confront(ghost)
		return false
	}
	return true
}

// may reports whether a and b, both waiting, may meet, apart from their topics and their sockets. It is symmetric.
func (l *Lobby) may(a, b *session) bool {
	bothLate := a.ticket.open == late && b.ticket.open == late
	return !l.justParted(a, b) && (bothLate || a.wants.understands(b.wants) && !l.metLately(a, b))
}

// understands reports whether a and b have a language in common, or one of them names none.
func (a Preferences) understands(b Preferences) bool {
	return a.Languages == 0 || b.Languages == 0 || a.Languages&b.Languages != 0
}

// recentPartners is how many previous partners a session does not meet again for a while.
const recentPartners = 8

// partners are the latest partners of a session, the last first.
type partners struct {
	last [recentPartners]encounter
}

type encounter struct {
	with   ID
	parted Time
}

// parts records that the chat of s with p is over.
func (s *session) parts(p *session, now Time) {
	if s.former == nil {
		s.former = new(partners)
	}
	last := &s.former.last
	copy(last[1:], last[:])
	last[0] = encounter{p.ID, now}
}

// last returns the latest encounter of s; the zero one if there is none.
func (s *session) last() encounter {
	if s.former == nil {
		return encounter{}
	}
	return s.former.last[0]
}

// justParted reports whether a and b must not be matched yet, although there may be no other session: each is the other's
// last partner.
func (l *Lobby) justParted(a, b *session) bool {
	ofA, ofB := a.last(), b.last()
	return ofA.with == b.ID && ofB.with == a.ID && l.now < ofA.parted.Add(l.cfg.RematchAfter)
}

// metLately reports whether one of a and b is among the recent partners of the other. What counts is the moment at which
// the later of them began to wait, so that the answer does not change while both do.
func (l *Lobby) metLately(a, b *session) bool {
	since := max(a.since, b.since)
	return a.metWithin(l.cfg.RecentFor, b, since) || b.metWithin(l.cfg.RecentFor, a, since)
}

func (s *session) metWithin(d time.Duration, p *session, since Time) bool {
	return s.former != nil && slices.ContainsFunc(s.former.last[:], func(e encounter) bool {
		return e.with == p.ID && since < e.parted.Add(d)
	})
}

// window returns the next moment at which s, which waits, may meet a session that it may not meet now; 0: never.
func (l *Lobby) window(s *session) (next Time) {
	opens := s.openAt(l)
	if s.wants.Topics == 0 {
		opens = 0
	}
	for _, at := range [...]Time{s.notBefore, opens, s.lateAt(l), s.last().parted.Add(l.cfg.RematchAfter)} {
		if at > l.now && (next == 0 || at < next) {
			next = at
		}
	}
	return next
}

// pace charges s for a match that it asks for, which waits at least hold: after a burst of MatchBurst, one every MatchEvery.
// The match waits, not the search: see seek. All that wait for their pace can be matched from the same moments on, multiples
// of MatchEvery: clients that press Next all the time then meet each other, and not, one by one, a client that waits.
func (l *Lobby) pace(s *session, hold time.Duration) {
	s.paced = max(s.paced, l.now).Add(l.cfg.MatchEvery)
	s.notBefore = max(s.paced.Add(-time.Duration(l.cfg.MatchBurst)*l.cfg.MatchEvery), l.now.Add(hold))
	if s.hurries = s.notBefore > l.now; s.hurries {
		s.notBefore = l.beat(s.notBefore)
	}
}

// paceLeft lets s, which its partner leaves, wait for the next common moment if s hurries: hurried sessions leave each other
// all the time. It pays nothing.
func (l *Lobby) paceLeft(s *session) {
	if s.hurries {
		s.notBefore = l.beat(l.now + 1)
	}
}

// beat returns the first common moment that is not before at.
func (l *Lobby) beat(at Time) Time {
	if ownBeat {
		return at
	}
	every := Time(max(l.cfg.MatchEvery.Milliseconds(), 1))
	return (at + every - 1) / every * every
}
