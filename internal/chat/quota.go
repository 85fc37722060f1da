package chat

// A network may hold only a part of what all share: of the rings, by not confirming what its sessions are sent; and of the
// mailboxes, by writing to sessions that are away. Sessions without a network, and mailbox entries from before the server
// started, count for none. A part of both is reserved for small bodies, so that text passes when pictures fill the rest.

const (
	smallBody = 64 << 10 // bytes of a body that may use the reserve…
	reserve   = 4        // … which is one part in this many
)

// quota is what one network holds. It exists while the network has sessions in memory or holds anything.
type quota struct {
	of       map[Network]*quota // where it is
	network  Network
	sessions int
	ring     int64 // bytes that its sessions have not confirmed
	mail     int64 // bytes in mailboxes that its sessions have written
}

// join counts a session of n, and returns the quota of n; nil if n is unknown.
func (l *Lobby) join(n Network) *quota {
	if n == 0 {
		return nil
	}
	q := l.quotas[n]
	if q == nil {
		q = &quota{of: l.quotas, network: n}
		l.quotas[n] = q
	}
	q.sessions++
	return q
}

// add changes what q holds, or its number of sessions.
func (q *quota) add(sessions int, ring, mail int64) {
	if q == nil {
		return
	}
	q.sessions += sessions
	q.ring += ring
	q.mail += mail
	if q.sessions == 0 && q.ring == 0 && q.mail == 0 {
		delete(q.of, q.network)
	}
}

// moves gives s, whose socket comes from n, the quota of n; 0: it leaves memory.
func (l *Lobby) moves(s *session, n Network) {
	before := s.quota
	s.quota = l.join(n)
	before.add(-1, 0, 0)
}

// part returns how much of a total bodies of a size may use. Where the total is hardly larger than one body, that one may
// use the reserve.
func part(total int64, size int) int64 {
	if size <= smallBody+entryOverhead {
		return total
	}
	return max(total-total/reserve, min(total, int64(size)+total/reserve))
}

// ringRoom returns how many more bytes the rings may take for a body of a size to a session with the quota q. A body that is
// larger than the share is let in alone.
func (l *Lobby) ringRoom(q *quota, size int) int64 {
	room := part(l.cfg.RingTotal, size) - l.ringBytes
	if q != nil && l.cfg.NetworkShare > 0 && q.ring > 0 {
		room = min(room, l.cfg.RingTotal/int64(l.cfg.NetworkShare)-q.ring)
	}
	return room
}

// mailRoom returns how many more bytes the mailboxes may take for an entry of a size from a session with the quota q.
func (l *Lobby) mailRoom(q *quota, size int) int64 {
	room := part(l.cfg.MailTotal, size) - l.mail.bytes
	if q != nil && l.cfg.NetworkMail > 0 {
		room = min(room, l.cfg.NetworkMail-q.mail)
	}
	return room
}

// owed is the mailbox of a session that has left memory: which network has written it.
type owed struct {
	id    ID
	by    *quota
	bytes int64
	until Time // then the session expires
}

// lend remembers who wrote the mailbox of s, which leaves memory.
func (l *Lobby) lend(s *session) {
	n := 0
	for ; n < len(l.lent) && (l.now >= l.lent[n].until || len(l.lent)-n > memoriesMax); n++ {
		if each := l.lent[n]; l.owing[each.id] == each {
			delete(l.owing, each.id)
			each.by.add(0, 0, -each.bytes)
		}
	}
	if l.lent = l.lent[n:]; len(l.lent) == 0 {
		l.lent = nil
	}
	if s.mail != nil && s.mail.by != nil {
		o := owed{s.ID, s.mail.by, int64(s.mail.bytes), l.now.Add(l.cfg.SessionTTL)}
		l.owing[s.ID] = o
		l.lent = append(l.lent, o)
	}
}

// redeem restores to s, which returns to memory, what lend has remembered.
func (l *Lobby) redeem(s *session) {
	if o, ok := l.owing[s.ID]; ok && s.mail != nil {
		s.mail.by = o.by
		delete(l.owing, s.ID)
	}
}
