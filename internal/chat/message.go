package chat

// send passes a message on to the partner, inside the chat that is current now and no other (law L8).
func (l *Lobby) send(s *session, c *Command) {
	if s.misnamed(c.Partner) {
		return
	}
	if s.Pair == 0 {
		l.sendAlone(s, c)
		return
	}
	n := c.N
	if !s.Resumable {
		n = 0
	}
	switch s.out.order(n) {
	case again:
		l.tellAcked(s)
		return
	case ahead:
		if !s.out.gapTold {
			s.out.gapTold = true
			l.tell(s, Event{Kind: Error, Code: ErrGap, N: n, Expect: s.out.last + 1})
		}
		return
	}
	s.out.gapTold = false
	p := s.partner
	switch {
	case c.Refused != "" || (c.Text == "" && c.Image == ""):
		l.refuse(s, n, c.Refused)
	case p.conn == 0 && s.Resumable:
		l.tell(s, Event{Kind: Error, Code: ErrUnavailable, N: n})
	case p.conn == 0:
		// Nothing holds a message for who is away, and an old client cannot be told to wait: its chat ends.
		l.giveUp(p)
	default:
		l.relay(s, p, c)
	}
}

// sendAlone answers a message outside any chat. An old client believes that it still has a partner: it is told,
// and it is in the queue.
func (l *Lobby) sendAlone(s *session, c *Command) {
	switch {
	case s.Resumable:
		l.tell(s, Event{Kind: Error, Code: ErrNotMatched, N: c.N})
	case s.settle != 0: // meant for the partner who is gone
	default:
		if s.Place == 0 {
			l.enqueue(s)
		}
		l.disconnected(s)
	}
}

// refuse uses up the number of a body that will never be relayed: the partner hears that nothing comes there.
func (l *Lobby) refuse(s *session, n uint64, code ErrorCode) {
	if code != "" && s.Resumable {
		l.tell(s, Event{Kind: Error, Code: code, N: n})
	}
	if n == 0 {
		return
	}
	s.out.accept()
	switch {
	case s.out.last <= s.out.claim: // the partner has it, or has heard of the gap, from before
		l.tellAcked(s)
	case s.partner.Resumable:
		l.tell(s.partner, Event{Kind: Gap, N: s.out.last})
	default:
		l.ask(s.partner)
	}
}

func (l *Lobby) relay(s, p *session, c *Command) {
	s.out.accept()
	if s.out.last <= s.out.claim { // the partner has it already, from before
		l.tellAcked(s)
		return
	}
	e := Event{Kind: Message, Alias: s.Alias, Text: c.Text, Image: c.Image}
	if p.Resumable {
		e.N, e.At = s.out.last, l.now
	}
	l.tell(p, e)
	if !p.Resumable {
		l.ask(p)
	}
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

// ack takes the receiver's word for what has arrived and passes it on to the sender.
func (l *Lobby) ack(s *session, c *Command) {
	if !s.Resumable || s.partner == nil || s.misnamed(c.Partner) {
		return
	}
	if s.partner.out.confirm(c.Got) {
		l.tellAcked(s.partner)
	}
}

// tellAcked tells a resumable sender how far its messages are.
func (l *Lobby) tellAcked(s *session) {
	if s.Resumable {
		l.tell(s, Event{Kind: Acked, Recv: s.out.recv(), Delivered: s.out.got})
	}
}
