package chat

// A ring holds the messages of one direction of a chat until the receiver, which is attached and resumable, confirms them.
// It is part of flow, and Lobby.ringBytes counts all rings. When the receiver goes away, the ring moves into its mailbox.

// Ring is the state of the rings for a message that a client is about to send.
type Ring struct {
	Needed bool    // the message would go through a ring: both sides are resumable, and the receiver is attached
	Owes   bool    // its sender has not confirmed everything it was sent in its chat
	Used   int64   // bytes in all rings
	Free   int64   // … and bytes left for messages of this size
	For    Network // the receiver's
	Share  int64   // bytes left for such messages to that network…
	Held   int64   // … and bytes that it has not confirmed
}

// Ring returns the state of the rings for a message of a size from conn.
func (l *Lobby) Ring(conn ConnID, bytes int64) Ring {
	free := l.ringRoom(nil, int(bytes))
	r := Ring{Used: l.ringBytes, Free: free, Share: free}
	if s := l.conns[conn]; s != nil && s.partner != nil {
		r.Needed = s.Resumable && s.partner.Resumable && s.partner.conn != 0
		r.Owes = len(s.partner.out.ring) > 0
		r.For, r.Share = s.partner.network, l.ringRoom(s.partner.quota, int(bytes))
		if q := s.partner.quota; q != nil {
			r.Held = q.ring
		}
	}
	return r
}

// keep puts a message to p into the ring of f. The caller must have checked canKeep.
func (l *Lobby) keep(p *session, f *flow, m body) {
	if len(f.ring) == 0 {
		f.charged = p.quota
	}
	f.keep(m)
	l.charge(f, m.size())
}

// charge adds the bytes that the ring of f has gained or lost to those of all rings, and of the receiver's network.
func (l *Lobby) charge(f *flow, bytes int) {
	l.ringBytes += int64(bytes)
	f.charged.add(0, int64(bytes), 0)
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
	l.charge(f, -f.trim())
	l.mail.discard(s, f.has())
}

// empty drops everything in the ring of f.
func (l *Lobby) empty(f *flow) {
	l.charge(f, -f.ringBytes)
	f.ring, f.ringBytes, f.charged = nil, 0, nil
}

// canKeep reports whether the ring of f has room for a message to p.
func (l *Lobby) canKeep(p *session, f *flow, m *body) bool {
	size := m.size()
	return len(f.ring) < l.cfg.RingMessages && f.ringBytes+size <= l.cfg.RingBytes &&
		int64(size) <= l.ringRoom(p.quota, size)
}
