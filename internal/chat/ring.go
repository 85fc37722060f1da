package chat

// A ring is what one direction of a chat keeps for a receiver that is here and can come back, until that confirms it: flow has it,
// and Lobby.ringBytes counts all of them. Once the receiver is away what the ring holds goes into its mailbox.

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

// takeCustody takes what s was sent and has not confirmed into its mailbox, because its socket is gone: the longest prefix
// that has room. What has none is forgotten; a sender that counts sends it again, and is told from where. It
// returns false if something was forgotten that its sender cannot send again.
func (l *Lobby) takeCustody(s *session) bool {
	p := s.partner
	f := p.out
	ring := f.ring
	l.empty(f)
	for i := range ring {
		if l.canHold(s, &ring[i]) {
			l.hold(s, &ring[i])
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

// forgetConfirmed drops from the ring and from the mailbox of s what it has of its chat.
func (l *Lobby) forgetConfirmed(s *session) {
	f := s.partner.out
	l.ringBytes -= int64(f.trim())
	l.mail.discard(s, f.has())
}

// empty drops what the ring of f holds.
func (l *Lobby) empty(f *flow) {
	l.ringBytes -= int64(f.ringBytes)
	f.ring, f.ringBytes = nil, 0
}

// canKeep reports whether the ring of f has room for a message.
func (l *Lobby) canKeep(f *flow, m *body) bool {
	size := m.size()
	return len(f.ring) < l.cfg.RingMessages && f.ringBytes+size <= l.cfg.RingBytes &&
		l.ringBytes+int64(size) <= l.cfg.RingTotal
}
