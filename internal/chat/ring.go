package chat

// A ring holds the messages of one direction of a chat until the receiver, which is attached and resumable, confirms them.
// It is part of flow, and Lobby.ringBytes counts all rings. When the receiver goes away, the ring moves into its mailbox.

// Ring is the state of the rings for a message that a client is about to send.
type Ring struct {
	Needed bool  // the message would go through a ring: both sides are resumable, and the receiver is attached
	Owes   bool  // its sender has not confirmed everything it was sent in its chat
	Used   int64 // bytes in all rings
	Free   int64 // … and bytes left
}

// Ring returns the state of the rings for a message from conn.
func (l *Lobby) Ring(conn ConnID) Ring {
	r := Ring{Used: l.ringBytes, Free: l.cfg.RingTotal - l.ringBytes}
	if s := l.conns[conn]; s != nil && s.partner != nil {
		r.Needed = s.Resumable && s.partner.Resumable && s.partner.conn != 0
		r.Owes = len(s.partner.out.ring) > 0
	}
	return r
}

// keep puts a message into the ring of f. The caller must have checked canKeep.
func (l *Lobby) keep(f *flow, m body) {
	f.keep(m)
	l.ringBytes += int64(m.size())
}

// takeCustody moves the messages that s has not confirmed into its mailbox, because its socket is lost: the longest prefix
// that fits. The rest is forgotten; a resumable sender is told from where to send again. takeCustody returns false if
// something was forgotten that its sender cannot send again.
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
			continue // its sender claimed that it is acknowledged, but was never told so
		}
		f.last = ring[i].n - 1
		l.tell(p, Event{Kind: Error, Code: ErrMailboxFull, N: ring[i].n})
		l.announce(s)
		break
	}
	return true
}

// forgetConfirmed drops from the ring and the mailbox of s the messages that it has.
func (l *Lobby) forgetConfirmed(s *session) {
	f := s.partner.out
	l.ringBytes -= int64(f.trim())
	l.mail.discard(s, f.has())
}

// empty drops everything in the ring of f.
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
