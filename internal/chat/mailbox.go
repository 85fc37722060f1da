package chat

import "slices"

// mailbox is the messages of one chat that are held for one session, on disk or in a batch under way. If the chat is over,
// the mailbox is the tail. A session is matched only once its tail is confirmed, so it has at most one mailbox.
type mailbox struct {
	pair    PairID
	from    Alias   // the sender's
	entries []entry // by rising n; never empty
	bytes   int
	batch   uint64 // the batch of the last entry
	by      *quota // of the sender, for bytes; nil: none
}

// entry is a mailbox entry without its body.
type entry struct {
	n    uint64
	size int
}

func (b *mailbox) put(e entry) {
	b.entries = append(b.entries, e)
	b.bytes += e.size
}

// drop removes the entries up to a number, and returns their size and the last number among them; 0 if there are none.
func (b *mailbox) drop(upTo uint64) (freed int, last uint64) {
	n := 0
	for ; n < len(b.entries) && b.entries[n].n <= upTo; n++ {
		freed += b.entries[n].size
		last = b.entries[n].n
	}
	b.entries = slices.Delete(b.entries, 0, n)
	b.bytes -= freed
	return freed, last
}

func (b *mailbox) last() uint64 { return b.entries[len(b.entries)-1].n }

// above returns the number of entries above n.
func (b *mailbox) above(n uint64) int {
	if b == nil {
		return 0
	}
	i := slices.IndexFunc(b.entries, func(e entry) bool { return e.n > n })
	if i < 0 {
		return 0
	}
	return len(b.entries) - i
}

// largest returns the size of the largest entry.
func (b *mailbox) largest() (size int) {
	for _, e := range b.entries {
		size = max(size, e.size)
	}
	return size
}

// openMailbox returns the mailbox with the entries found on disk, all of one chat; nil if there are none.
func openMailbox(found []Held) *mailbox {
	if len(found) == 0 {
		return nil
	}
	b := &mailbox{pair: found[0].Pair, from: found[0].From}
	for _, h := range found {
		b.put(entry{h.N, h.Size})
	}
	return b
}

// mail is the state of all mailboxes: what the next batch writes for them, and what uncommitted batches promise.
type mail struct {
	bytes       int64       // of all mailboxes, including those of hibernated sessions
	uncommitted int64       // bytes of the uncommitted entries
	entries     []MailEntry // of the next batch
	next        int64       // bytes of these
	acks        []MailAck   // of the next batch
	promised    []custody   // by rising batch
}

// custody is a promise that a batch fulfills: once it is committed, the messages up to a number are durably held.
type custody struct {
	batch  uint64
	sender *session
	pair   PairID
	upTo   uint64
	bytes  int64 // of all its entries
}

// hold puts a message of the partner of s into the mailbox of s, as part of batch.
func (m *mail) hold(batch uint64, s *session, b *body, size int) {
	p := s.partner
	if s.mail == nil {
		s.mail = &mailbox{pair: s.Pair, from: p.Alias, by: p.quota}
	}
	s.mail.by.add(0, 0, int64(size))
	s.mail.put(entry{b.n, size})
	s.mail.batch = batch
	m.bytes += int64(size)
	m.uncommitted += int64(size)
	m.next += int64(size)
	m.entries = append(m.entries, MailEntry{
		To: s.ID, Key: s.MailKey, Pair: s.Pair, From: p.Alias, N: b.n, At: b.at, Text: b.text, Image: b.image,
	})
	if i := len(m.promised) - 1; i >= 0 && m.promised[i].batch == batch && m.promised[i].pair == s.Pair && m.promised[i].sender == p {
		m.promised[i].upTo = b.n
		m.promised[i].bytes += int64(size)
		return
	}
	m.promised = append(m.promised, custody{batch, p, s.Pair, b.n, int64(size)})
}

// discard deletes the mailbox entries of s up to a number.
func (m *mail) discard(s *session, upTo uint64) {
	b := s.mail
	if b == nil {
		return
	}
	freed, last := b.drop(upTo)
	if last == 0 {
		return
	}
	m.acks = append(m.acks, MailAck{To: s.ID, Pair: b.pair, UpTo: last})
	m.bytes -= int64(freed)
	b.by.add(0, 0, -int64(freed))
	if len(b.entries) == 0 {
		s.mail = nil
	}
}

// discardAll deletes every mailbox entry of s, which leaves the chat that they belong to.
func (m *mail) discardAll(s *session) {
	if s.mail != nil {
		m.discard(s, s.mail.last())
	}
}

// takeBatch moves the pending writes to b, and releases the bodies.
func (m *mail) takeBatch(b *Batch) {
	b.Entries, m.entries, m.next = m.entries, nil, 0
	b.MailAcks, m.acks = m.acks, nil
}

// rows returns how many rows takeBatch would move.
func (m *mail) rows() int { return len(m.entries) + len(m.acks) }

// committed calls kept with each promise of the batches up to n, which are now fulfilled.
func (m *mail) committed(n uint64, kept func(*custody)) {
	done := 0
	for ; done < len(m.promised) && m.promised[done].batch <= n; done++ {
		m.uncommitted -= m.promised[done].bytes
		kept(&m.promised[done])
	}
	m.promised = slices.Delete(m.promised, 0, done)
}

// tail reports whether s has unconfirmed mailbox entries of a chat that is over.
func (s *session) tail() bool { return s.mail != nil && s.mail.pair != s.Pair }

// canHold reports whether the mailbox of s, which is away, has room for a message.
func (l *Lobby) canHold(s *session, m *body) bool {
	size, n, bytes := l.entryBytes(m), 0, 0
	if s.mail != nil {
		n, bytes = len(s.mail.entries), s.mail.bytes
	}
	var by *quota
	if s.mail != nil {
		by = s.mail.by
	} else if s.partner != nil {
		by = s.partner.quota
	}
	fits := l.cfg.EntryMax == 0 || len(m.text)+len(m.image) <= l.cfg.EntryMax
	return fits && s.MailKey != MailKey{} && n < l.cfg.MailboxMessages &&
		bytes+size <= l.cfg.MailboxBytes && int64(size) <= l.mailRoom(by, size)
}

func (l *Lobby) entryBytes(m *body) int { return l.cfg.EntryBytes(len(m.text), len(m.image)) }

// hold puts a message of the partner of s into the mailbox of s. The caller must have checked canHold.
func (l *Lobby) hold(s *session, m *body) { l.mail.hold(l.batch, s, m, l.entryBytes(m)) }

// NextMail returns the size of the mailbox entries in the next batch, in bytes.
func (l *Lobby) NextMail() int64 { return l.mail.next }

// LargestEntry returns the size on disk of the largest mailbox entry of the session attached to conn.
func (l *Lobby) LargestEntry(conn ConnID) int {
	if s := l.conns[conn]; s != nil && s.mail != nil {
		return s.mail.largest()
	}
	return 0
}

// Swept records that this many hibernated sessions were deleted, with mailboxes of so many bytes.
func (l *Lobby) Swept(rows int, mailBytes int64) {
	l.rows = max(l.rows-rows, 0)
	l.mail.bytes = max(l.mail.bytes-mailBytes, 0)
}

// replay sends s, which has just been attached, the messages of a chat that it is missing: the numbers above after, up to
// upTo. All of them are mailbox entries by now; those not yet on disk are in a batch that the event waits for.
func (l *Lobby) replay(s *session, from Alias, after, upTo uint64) {
	switch {
	case after >= upTo:
	case s.mail.above(after) == 0:
		l.tell(s, Event{Kind: Gap, N: upTo})
	default:
		l.tell(s, Event{Kind: Replay, Mail: &MailRange{To: s.ID, Pair: s.mail.pair, Alias: from, After: after, UpTo: upTo}})
		e := &l.events[len(l.events)-1]
		e.After = max(e.After, s.mail.batch)
	}
}

// Committed records that every batch up to n is durable, and returns the resulting events: custody of its mailbox entries
// has passed. The slice is reused like that of Step.
func (l *Lobby) Committed(n uint64) []Event {
	l.committed = n
	l.underWay = slices.DeleteFunc(l.underWay, func(f flushed) bool { return f.batch <= n })
	l.arrived()
	clear(l.events)
	l.events, l.facts = l.events[:0], l.facts[:0]
	l.mail.committed(n, func(c *custody) {
		if c.sender.Pair != c.pair {
			return // that chat is over
		}
		if f := c.sender.out; c.upTo > f.held {
			f.held = c.upTo
			if heldIsLast {
				f.held = f.last
			}
			l.tellAcked(c.sender)
		}
	})
	if l.stopped {
		return nil
	}
	return l.events
}
