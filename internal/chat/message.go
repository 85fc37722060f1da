package chat

// send relays a message to the partner, only inside the chat that is current now (law L8).
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
	if n == 0 && f.last >= MaxNumber { // the server would have to send a number that is too large
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
		l.appraise(s)
	}
}

// tellRefused tells a resumable sender if its body was refused: it will never be relayed, and its number is used up.
func (l *Lobby) tellRefused(s *session, c *Command) {
	if c.Refused != "" && s.Resumable {
		l.tell(s, Event{Kind: Error, Code: c.Refused, N: c.N})
	}
}

// sendAlone answers a message outside any chat. A legacy client believes that it still has a partner, so it is told that
// the chat is over, and it is queued.
func (l *Lobby) sendAlone(s *session, c *Command) {
	switch {
	case s.Resumable:
		l.tell(s, Event{Kind: Error, Code: ErrNotMatched, N: c.N})
	case s.unsettled(): // meant for the previous partner
	default:
		if s.Place == 0 {
			l.pace(s, 0)
			l.enqueue(s)
		}
		l.disconnected(s)
	}
}

// accept takes the next message of s, or the place of one that will never arrive, and reports whether it did.
func (l *Lobby) accept(s *session, m *body) bool {
	f, p := s.out, s.partner
	switch {
	case m.n <= f.claim: // the partner has it, or was told about the gap, earlier
		f.accept()
		l.tellAcked(s)
	case p.conn == 0:
		return l.acceptAway(s, p, m)
	case !p.Resumable:
		f.accept()
		l.relay(s, p, m)
		l.ask(p)
	case l.canKeep(p, f, m):
		f.accept()
		l.keep(p, f, *m)
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

// acceptAway is accept for a partner that is away: only its mailbox can take the message.
func (l *Lobby) acceptAway(s, p *session, m *body) bool {
	switch {
	case l.canHold(p, m):
		s.out.accept()
		l.hold(p, m)
		l.noteMessage(FactHeld, s, p, m)
		return true
	case s.Resumable:
		l.tell(s, Event{Kind: Error, Code: ErrMailboxFull, N: m.n})
		l.announce(p)
	default: // a legacy client cannot be told to wait: its chat ends
		l.giveUp(p, CauseMailboxFull)
	}
	return false
}

// relay sends an accepted message to p. A legacy client is not told about an empty place.
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

// typing forwards a typing indicator; it is never kept for a partner that is away.
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

// ack records what the receiver confirms, in its chat or in the tail of a chat that is over.
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

// tellAcked tells a resumable sender how far its messages have come.
func (l *Lobby) tellAcked(s *session) {
	if s.Resumable {
		l.tell(s, Event{Kind: Acked, Recv: s.out.recv(), Delivered: s.out.got})
	}
}
