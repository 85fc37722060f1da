package chat

import (
	"iter"
	"math/bits"
)

// The matchmaker holds the sessions that wait and can be matched, and finds the session that another meets (law L3). What
// it keeps of a session, a ticket, exists only while that waits.
//
// A session meets the oldest late session that it may meet; without one the oldest with a topic in common; without one the
// oldest that it may meet. A SESSION THAT BECOMES AVAILABLE IS MATCHED AT ONCE, OR MAY MEET NONE OF THOSE THAT WAIT: so few
// wait, and a walk skips few.
type matchmaker struct {
	pools   [pools]lines
	windows agenda[*ticket] // when what a ticket is open to changes
	waiting int             // tickets in the lines
	spare   []*ticket       // unused, for the next sessions that wait
}

// pool is which of the sessions that wait a session is matched with (standing.go).
type pool uint8

const (
	mainPool pool = iota
	lowPool       // those that stand out
	pools
)

func newMatchmaker(topics int) matchmaker {
	var m matchmaker
	for p := range m.pools {
		m.pools[p].topics = make([]line, topics)
	}
	return m
}

// spareTickets is how many unused tickets are kept.
const spareTickets = 256

// lines are the tickets in the order of their places: all of them, and some of them.
type lines struct {
	all, open, late line
	topics          []line // of those that are not late, by topic
}

// openness is what a session that waits is open to. It grows with time.
type openness uint8

const (
	choosy openness = iota // only sessions with a topic in common
	open                   // also sessions without one that are open too
	late                   // every session
)

// ticket is a waiting session that can be matched, now or from a moment on.
type ticket struct {
	s     *session
	open  openness
	pool  pool
	slots []*slot // in all, in open or late, and in topics
	used  int     // of slots
	due   Time    // when open changes, or it may be matched; 0: never
	index int     // in windows
}

func (t *ticket) when() (Time, uint64) { return t.due, t.s.Place }
func (t *ticket) place() *int          { return &t.index }

// line is a list of tickets by rising place.
type line struct{ first, last *slot }

// slot is the position of a ticket in a line.
type slot struct {
	ticket     *ticket
	prev, next *slot
	topic      int8 // which line of topics; or one of the others:
}

const (
	inAll  int8 = -1
	inOpen int8 = -2
	inLate int8 = -3
)

func (l *lines) line(topic int8) *line {
	switch topic {
	case inAll:
		return &l.all
	case inOpen:
		return &l.open
	case inLate:
		return &l.late
	}
	return &l.topics[topic]
}

// issue gives s, which has none, a ticket that is in no line yet.
func (m *matchmaker) issue(s *session) *ticket {
	var t *ticket
	if n := len(m.spare) - 1; n >= 0 {
		t = m.spare[n]
		m.spare[n] = nil
		m.spare = m.spare[:n]
	} else {
		t = &ticket{index: -1}
	}
	t.s, s.ticket = s, t
	return t
}

// drop takes its ticket from s, if it has one.
func (m *matchmaker) drop(s *session) {
	t := s.ticket
	if t == nil {
		return
	}
	m.leave(t)
	t.due = 0
	m.windows.fix(t)
	t.s, t.open, t.pool, s.ticket = nil, choosy, mainPool, nil
	if len(m.spare) < spareTickets {
		m.spare = append(m.spare, t)
	}
}

// enter puts t into the lines.
func (m *matchmaker) enter(t *ticket) {
	m.waiting++
	m.insert(t, inAll)
	switch t.open {
	case late:
		m.insert(t, inLate)
		return
	case open:
		m.insert(t, inOpen)
	}
	for topics := t.s.wants.Topics; topics != 0; topics &= topics - 1 {
		if n := bits.TrailingZeros64(topics); n < len(m.pools[t.pool].topics) {
			m.insert(t, int8(n))
		}
	}
}

// leave takes t from the lines.
func (m *matchmaker) leave(t *ticket) {
	if t.used > 0 {
		m.waiting--
	}
	for _, e := range t.slots[:t.used] {
		l := m.pools[t.pool].line(e.topic)
		if e.prev != nil {
			e.prev.next = e.next
		} else {
			l.first = e.next
		}
		if e.next != nil {
			e.next.prev = e.prev
		} else {
			l.last = e.prev
		}
		*e = slot{}
	}
	t.used = 0
}

// tickets yields the tickets in the lines of a pool, the oldest first. The loop may move or drop the ticket at hand only.
func (m *matchmaker) tickets(of pool) iter.Seq[*ticket] {
	return func(yield func(*ticket) bool) {
		for e := m.pools[of].all.first; e != nil; {
			t := e.ticket
			e = e.next
			if !yield(t) {
				return
			}
		}
	}
}

// agrees reports whether the topics of the two, and how open they are, let them meet.
func (t *ticket) agrees(o *ticket) bool {
	return t.open == late || o.open == late || t.open == open && o.open == open || t.s.wants.Topics&o.s.wants.Topics != 0
}

// insert puts t into a line, usually at its end.
func (m *matchmaker) insert(t *ticket, topic int8) {
	if t.used == len(t.slots) {
		t.slots = append(t.slots, new(slot))
	}
	e, l := t.slots[t.used], m.pools[t.pool].line(topic)
	t.used++
	e.ticket, e.topic = t, topic
	for e.prev = l.last; e.prev != nil && e.prev.ticket.s.Place > t.s.Place; e.prev = e.prev.prev {
		e.next = e.prev
	}
	if e.prev != nil {
		e.prev.next = e
	} else {
		l.first = e
	}
	if e.next != nil {
		e.next.prev = e
	} else {
		l.last = e
	}
}

// partnerFor returns the session that the one of t meets, nil if it may meet none that waits. If the pools may meet, the
// sessions of both count.
func (l *Lobby) partnerFor(t *ticket) *session {
	pools := [...]*lines{&l.maker.pools[t.pool], &l.maker.pools[1-t.pool]}
	in := pools[:1]
	if l.mixes() {
		in = pools[:]
	}
	var r *session
	for _, p := range in {
		r = older(r, l.oldest(t.s, &p.late))
	}
	if forgetsLate {
		r = nil
	}
	if r != nil {
		return r
	}
	if t.s.wants.Topics != 0 {
		for _, p := range in {
			r = older(r, l.oldestInCommon(t.s, p))
		}
	}
	if r != nil || t.open == choosy {
		return r
	}
	for _, p := range in {
		line := &p.open
		if t.open == late {
			line = &p.all
		}
		r = older(r, l.oldest(t.s, line))
	}
	return r
}

// older returns the older of two waiting sessions, each of which may be nil.
func older(a, b *session) *session {
	if a == nil || b != nil && b.Place < a.Place {
		return b
	}
	return a
}

// oldest returns the oldest session in a line that s may meet.
func (l *Lobby) oldest(s *session, in *line) *session {
	for e := in.first; e != nil; {
		r := e.ticket.s
		e = e.next // meets may drop the ticket
		if l.meets(s, r) {
			return r
		}
	}
	return nil
}

// oldestInCommon returns the oldest session in a pool with a topic of s that s may meet. It walks the lines of all its topics
// at once.
func (l *Lobby) oldestInCommon(s *session, in *lines) *session {
	var at [64]*slot
	n := 0
	for topics := s.wants.Topics; topics != 0; topics &= topics - 1 {
		if i := bits.TrailingZeros64(topics); i < len(in.topics) {
			if e := in.topics[i].first; e != nil {
				at[n] = e
				n++
			}
		}
	}
	for n > 0 {
		t := at[0].ticket
		for _, e := range at[1:n] {
			if e.ticket.s.Place < t.s.Place {
				t = e.ticket
			}
		}
		for i := 0; i < n; i++ {
			if at[i].ticket == t {
				if at[i] = at[i].next; at[i] == nil {
					n--
					at[i] = at[n]
					i--
				}
			}
		}
		if r := t.s; l.meets(s, r) {
			return r
		}
	}
	return nil
}
