package chat

// send passes a message on to the partner, inside the chat that is current now and no other (law L8).
func (l *Lobby) send(s *session, c *Command) {
	if s.Resumable && c.N > MaxNumber {
		l.tell(s, Event{Kind: Close, CloseCode: CloseImpossible})
		return
	}
	if s.misnamed(c.Partner) || c.Pair != 0 && c.Pair != s.Pair {
		return
	}
	if s.Pair == 0 {
		l.sendAlone(s, c)
		return
	}
	f, n := s.out, c.N
	if !s.Resumable {
		n = 0
	}
	if n == 0 && f.last >= MaxNumber { // it would have to tell a number that is too large
		l.tell(s, Event{Kind: Close, CloseCode: CloseImpossible})
		return
	}
	switch f.order(n) {
	case again:
		l.tellAcked(s)
		return
	case ahead:
		if !f.gapTold {
			f.gapTold = true
			l.tell(s, Event{Kind: Error, Code: ErrGap, N: n, Expect: f.last + 1})
		}
		return
	}
	f.gapTold = false
	useless := c.Refused != "" || c.Text == "" && c.Image == ""
	if useless && n == 0 { // without a number there is nothing to use up
		l.tellRefused(s, c)
		return
	}
	m := body{n: f.last + 1, at: l.wall}
	if !useless {
		m.text, m.image = c.Text, c.Image
	}
	if l.accept(s, &m) {
		l.tellRefused(s, c)
	}
}

// tellRefused tells a resumable sender that its body will never be relayed, if that is so: its number is used up.
func (l *Lobby) tellRefused(s *session, c *Command) {
	if c.Refused != "" && s.Resumable {
		l.tell(s, Event{Kind: Error, Code: c.Refused, N: c.N})
	}
}

// sendAlone answers a message outside any chat. A legacy client believes that it still has a partner: it is told,
// and it is in the queue.
func (l *Lobby) sendAlone(s *session, c *Command) {
	switch {
	case s.Resumable:
		l.tell(s, Event{Kind: Error, Code: ErrNotMatched, N: c.N})
	case s.unsettled(): // meant for the partner who is gone
	default:
		if s.Place == 0 {
			l.enqueue(s)
		}
		l.disconnected(s)
	}
}

// accept takes the next message of s, or the place of one that will never come, and reports whether it did.
func (l *Lobby) accept(s *session, m *body) bool {
	f, p := s.out, s.partner
	switch {
	case m.n <= f.claim: // the partner has it, or has heard of the gap, from before
		f.accept()
		l.tellAcked(s)
	case p.conn == 0:
		return l.acceptAway(s, p, m)
	case !p.Resumable:
		f.accept()
		l.relay(s, p, m)
		l.ask(p)
	case l.canKeep(f, m):
		f.accept()
		l.keep(f, *m)
		l.relay(s, p, m)
	case s.Resumable:
		l.tell(s, Event{Kind: Error, Code: ErrUnavailable, N: m.n})
		return false
	default: // a legacy client cannot be told to wait: the partner gets it now or never
		f.accept()
		l.relay(s, p, m)
	}
	return true
}

// acceptAway is accept for a partner who is away: its mailbox takes the message or nothing does.
func (l *Lobby) acceptAway(s, p *session, m *body) bool {
	switch {
	case l.canHold(p, m):
		s.out.accept()
		l.hold(p, m)
		l.noteMessage(FactHeld, s, p, m)
		return true
	case s.Resumable:
		l.tell(s, Event{Kind: Error, Code: ErrMailboxFull, N: m.n})
	default: // a legacy client cannot be told to wait: its chat ends
		l.giveUp(p, CauseMailboxFull)
	}
	return false
}

// relay sends p what was accepted. To a legacy client there is nothing to tell of an empty place.
func (l *Lobby) relay(s, p *session, m *body) {
	e := m.event(s.Alias)
	switch {
	case p.Resumable:
		l.tell(p, e)
	case e.Kind == Message:
		e.N, e.At = 0, 0
		l.tell(p, e)
	}
	if e.Kind == Message {
		l.noteMessage(FactRelayed, s, p, m)
	}
}

func (l *Lobby) noteMessage(kind FactKind, s, p *session, m *body) {
	l.note(Fact{Kind: kind, Session: s.Hash, With: p.Hash, Text: len(m.text), Image: len(m.image)})
}

// typing forwards an indicator; it is never kept for who is away.
func (l *Lobby) typing(s *session, start bool) {
	p := s.partner
	if p == nil || p.conn == 0 {
		return
	}
	p.shows = start
	kind := TypingStop
	if start {
		kind = TypingStart
	}
	l.tell(p, Event{Kind: kind})
}

// ack takes the receiver's word for what has arrived, of its chat or of the tail of one that is over.
func (l *Lobby) ack(s *session, c *Command) {
	switch {
	case !s.Resumable:
	case c.Got > MaxNumber:
		l.tell(s, Event{Kind: Close, CloseCode: CloseImpossible})
	case s.tail() && c.Partner == s.mail.from:
		l.mail.discard(s, c.Got)
		if !s.tail() {
			l.match(s)
			l.schedule(s)
		}
	case s.partner == nil || s.misnamed(c.Partner):
	case s.partner.out.seen && c.Got > s.partner.out.top:
		l.tell(s, Event{Kind: Close, CloseCode: CloseImpossible})
	case s.partner.out.confirm(c.Got):
		l.forgetConfirmed(s)
		l.tellAcked(s.partner)
	}
}

// tellAcked tells a resumable sender how far its messages are.
func (l *Lobby) tellAcked(s *session) {
	if s.Resumable {
		l.tell(s, Event{Kind: Acked, Recv: s.out.recv(), Delivered: s.out.got})
	}
}
