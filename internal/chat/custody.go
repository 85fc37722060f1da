package chat

import "slices"

// shelf is what the mailbox of one session holds of one chat: on disk, or in a batch under way. Of a chat that is
// over it is the tail; a session is matched only once that is confirmed, so there is at most one shelf a session.
type shelf struct {
	pair    PairID
	from    Alias // what the session knows the sender by
	letters []stub
	bytes   int
	batch   uint64 // the one that carries the last letter
}

// stub is a letter without its body.
type stub struct {
	n    uint64
	size int
}

// custody is a promise that a batch keeps: once it is committed, letters up to a number are durably held.
type custody struct {
	batch  uint64
	sender *session
	pair   PairID
	upTo   uint64
	bytes  int64 // of all the letters
}

// tail says whether s has unconfirmed letters of a chat that is over.
func (s *session) tail() bool { return s.mail != nil && s.mail.pair != s.Pair }

// canHold says whether the mailbox of s, who is away, has room for a message.
func (l *Lobby) canHold(s *session, m *body) bool {
	size, n, bytes := l.letterBytes(m), 0, 0
	if s.mail != nil {
		n, bytes = len(s.mail.letters), s.mail.bytes
	}
	fits := l.cfg.LetterMax == 0 || len(m.text)+len(m.image) <= l.cfg.LetterMax
	return fits && s.MailKey != MailKey{} && n < l.cfg.MailboxMessages &&
		bytes+size <= l.cfg.MailboxBytes && l.mailBytes+int64(size) <= l.cfg.MailTotal
}

func (l *Lobby) letterBytes(m *body) int { return l.cfg.LetterBytes(len(m.text), len(m.image)) }

// hold puts a message of the partner of s into the mailbox of s; the caller has asked canHold.
func (l *Lobby) hold(s *session, m body) {
	p := s.partner
	if s.mail == nil {
		s.mail = &shelf{pair: s.Pair, from: p.Alias}
	}
	size := l.letterBytes(&m)
	s.mail.letters = append(s.mail.letters, stub{m.n, size})
	s.mail.bytes += size
	s.mail.batch = l.batch
	l.mailBytes += int64(size)
	l.unwritten += int64(size)
	l.letters = append(l.letters, Letter{
		To: s.ID, Key: s.MailKey, Pair: s.Pair, From: p.Alias, N: m.n, At: m.at, Text: m.text, Image: m.image,
	})
	if last := len(l.custody) - 1; last >= 0 && l.custody[last].batch == l.batch && l.custody[last].pair == s.Pair && l.custody[last].sender == p {
		l.custody[last].upTo = m.n
		l.custody[last].bytes += int64(size)
		return
	}
	l.custody = append(l.custody, custody{l.batch, p, s.Pair, m.n, int64(size)})
}

// seal takes what s was sent and has not confirmed into its mailbox, because its socket is gone: the longest prefix
// that has room. What has none is forgotten; a sender that counts sends it again, and is told from where. It
// returns false if something was forgotten that its sender cannot send again.
func (l *Lobby) seal(s *session) bool {
	p := s.partner
	f := p.out
	ring := f.ring
	l.empty(f)
	for i := range ring {
		if l.canHold(s, &ring[i]) {
			l.hold(s, ring[i])
			continue
		}
		if !p.Resumable {
			return false
		}
		if ring[i].n <= f.recv() {
			continue // its sender, who was never told so, claimed that it is acknowledged
		}
		f.last = ring[i].n - 1
		l.tell(p, Event{Kind: Error, Code: ErrMailboxFull, N: ring[i].n})
		break
	}
	return true
}

// empty drops what the ring of f holds.
func (l *Lobby) empty(f *flow) {
	l.ringBytes -= int64(f.ringBytes)
	f.ring, f.ringBytes = nil, 0
}

// canKeep says whether the ring of f has room for a message.
func (l *Lobby) canKeep(f *flow, m *body) bool {
	size := m.size()
	return len(f.ring) < l.cfg.RingMessages && f.ringBytes+size <= l.cfg.RingBytes &&
		l.ringBytes+int64(size) <= l.cfg.RingTotal
}

// Ring is how the rings stand for a message that a client is about to send.
type Ring struct {
	Needed bool  // the message would go through a ring: both sides can come back, and the receiver is here
	Owes   bool  // its sender has not confirmed all that it was sent in its chat
	Used   int64 // bytes in all rings
	Free   int64 // … and what is left
}

// Ring returns how the rings stand for a message from conn.
func (l *Lobby) Ring(conn ConnID) Ring {
	r := Ring{Used: l.ringBytes, Free: l.cfg.RingTotal - l.ringBytes}
	if s := l.conns[conn]; s != nil && s.partner != nil {
		r.Needed = s.Resumable && s.partner.Resumable && s.partner.conn != 0
		r.Owes = len(s.partner.out.ring) > 0
	}
	return r
}

// keep puts a message into the ring of f; the caller has asked canKeep.
func (l *Lobby) keep(f *flow, m body) {
	f.keep(m)
	l.ringBytes += int64(m.size())
}

// release drops from the ring and from the mailbox of s what it has of its chat.
func (l *Lobby) release(s *session) {
	f := s.partner.out
	l.ringBytes -= int64(f.trim())
	l.discard(s, f.has())
}

// discard deletes the letters of s up to a number.
func (l *Lobby) discard(s *session, upTo uint64) {
	b := s.mail
	if b == nil || b.letters[0].n > upTo {
		return
	}
	n, freed := 0, 0
	for n < len(b.letters) && b.letters[n].n <= upTo {
		freed += b.letters[n].size
		n++
	}
	l.receipts = append(l.receipts, Receipt{To: s.ID, Pair: b.pair, UpTo: b.letters[n-1].n})
	l.mailBytes -= int64(freed)
	b.bytes -= freed
	if b.letters = slices.Delete(b.letters, 0, n); len(b.letters) == 0 {
		s.mail = nil
	}
}

// discardAll deletes every letter of s: it leaves the chat they belong to.
func (l *Lobby) discardAll(s *session) {
	if s.mail != nil {
		l.discard(s, s.mail.last())
	}
}

// Heaviest is the size on disk of the largest letter that is held for the session attached to conn.
func (l *Lobby) Heaviest(conn ConnID) (size int) {
	if s := l.conns[conn]; s != nil && s.mail != nil {
		for _, each := range s.mail.letters {
			size = max(size, each.size)
		}
	}
	return size
}

func (b *shelf) last() uint64 { return b.letters[len(b.letters)-1].n }

// above counts the letters above a number.
func (b *shelf) above(n uint64) int {
	if b == nil {
		return 0
	}
	i := slices.IndexFunc(b.letters, func(each stub) bool { return each.n > n })
	if i < 0 {
		return 0
	}
	return len(b.letters) - i
}

// replay tells s, who has just been attached, what it lacks of a chat: the numbers above after and up to upTo.
// All of it is in letters by now, and those that are not yet on disk are in a batch that the event waits for.
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

// Committed reports that every batch up to n is durable, and returns what is to be told because of that: custody
// of the letters in it has passed. The slice is reused as that of Step is.
func (l *Lobby) Committed(n uint64) []Event {
	l.committed, l.underWay = n, 0
	l.arrived()
	clear(l.events)
	l.events, l.facts = l.events[:0], l.facts[:0]
	done := 0
	for ; done < len(l.custody) && l.custody[done].batch <= n; done++ {
		c := &l.custody[done]
		l.unwritten -= c.bytes
		if c.sender.Pair != c.pair {
			continue // that chat is over
		}
		if f := c.sender.out; c.upTo > f.held {
			f.held = c.upTo
			if heldIsLast {
				f.held = f.last
			}
			l.tellAcked(c.sender)
		}
	}
	l.custody = slices.Delete(l.custody, 0, done)
	if l.stopped {
		return nil
	}
	return l.events
}

// shelve gives s the letters that were found on disk, which are of one chat.
func (s *session) shelve(mail []Held) {
	if len(mail) == 0 {
		return
	}
	s.mail = &shelf{pair: mail[0].Pair, from: mail[0].From}
	for _, h := range mail {
		s.mail.letters = append(s.mail.letters, stub{h.N, h.Size})
		s.mail.bytes += h.Size
	}
}
