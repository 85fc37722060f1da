package chat

// resume gives s to a new socket; the newest wins. What the client reports about its latest chat counts only for the chat
// it names: the current one, or one that is over, whose tail it gets. A session that is told that a chat is over is
// queued.
func (l *Lobby) resume(s *session, conn ConnID, a *Auth) {
	r := a.Resume
	stale := r.Epoch != "" && r.Epoch != l.cfg.Epoch // the database was restored: the chat that the client names is over
	current := s.Pair != 0 && (r.Partner == "" || r.Partner == s.partner.Alias && !stale)
	if current && r.Partner != "" && s.impossible(r) {
		l.events = append(l.events, Event{Conn: conn, Kind: Close, CloseCode: CloseImpossible})
		return
	}
	re := &Resumption{Gap: stale}
	returning := s.conn == 0
	missed := returning && s.hidden == 0 // its partner was told that it is away
	if returning {
		re.AwayMs = int64(max(l.wall-s.AwaySince, 0))
	} else {
		l.tell(s, Event{Kind: Close, CloseCode: CloseReplaced})
		delete(l.conns, s.conn)
	}
	l.bind(s, conn, a.Network)
	l.noteAttached(s)
	l.tell(s, Event{Kind: AuthSuccess})
	if s.Pair != 0 && !returning { // what is lost with the other socket
		l.hideTyping(s.partner)
		l.takeCustody(s)
	}
	if current {
		l.goOn(s, r, re, missed)
	} else {
		l.catchUp(s, r, re, missed)
	}
	l.match(s)
	l.schedule(s)
}

func (l *Lobby) tellResumed(s *session, re *Resumption) {
	l.tell(s, Event{Kind: Resumed, Resumed: re})
	l.note(Fact{Kind: FactResumed, Session: s.Hash, State: string(re.State), Took: Time(re.AwayMs), Count: re.Replay})
}

// impossible reports whether a client makes a claim about its current chat that this process can prove to be impossible.
func (s *session) impossible(r *Resume) bool {
	return s.out.seen && (r.Got > s.partner.out.top || r.Acked > s.out.recv())
}

// goOn records what the client of s reports about its current chat, and tells it the state of that chat.
func (l *Lobby) goOn(s *session, r *Resume, re *Resumption, missed bool) {
	p := s.partner
	raised, news := false, false
	if r.Partner != "" {
		raised = s.out.resumeSender(r.Acked)
		news = p.out.claimed(r.Got)
		l.forgetConfirmed(s)
	}
	re.State, re.Alias, re.Here = ResumedMatched, p.Alias, p.conn != 0
	re.Recv, re.Delivered, re.Last = s.out.recv(), s.out.got, s.out.last
	re.Replay = s.mail.above(p.out.has())
	l.tellResumed(s, re)
	l.hideTyping(s)
	l.rejoin(s, missed)
	if !p.Resumable {
		return
	}
	if n := s.out.missing(); raised && n != 0 {
		l.tell(p, Event{Kind: Gap, N: n})
	}
	if news {
		l.tellAcked(p)
	}
}

// rejoin sends s what it missed in its chat, and tells the partner that s has resumed, if that missed it.
func (l *Lobby) rejoin(s *session, missed bool) {
	p := s.partner
	s.out.gapTold = false
	if p.conn == 0 {
		p.hidden = 0
		l.tellAway(p)
		l.schedule(p)
	}
	l.replay(s, p.Alias, p.out.has(), p.out.last)
	switch {
	case !p.Resumable:
		l.ask(p)
	case missed:
		p.out.gapTold = false
		if p.conn != 0 {
			l.tell(p, Event{Kind: PartnerBack})
			l.note(Fact{Kind: FactBack, Session: s.Hash, With: p.Hash})
		}
	}
}

// catchUp takes s from the chat that its client knows of, which is over, to its current state. Of the mailbox entries from
// before a database restore, the client gets those of the chat it names; the others are deleted.
func (l *Lobby) catchUp(s *session, r *Resume, re *Resumption, missed bool) {
	named := s.tail() && s.mail.from == r.Partner
	switch {
	case named:
		l.mail.discard(s, r.Got)
	case s.tail() && re.Gap && uint64(s.mail.pair)>>32 < l.cfg.Since:
		l.mail.discardAll(s)
	}
	over := s.tail() || r.Partner != "" // it is told of a chat that is over
	if s.State() == Idle && over {
		l.enqueue(s)
	}
	switch {
	case r.Partner != "":
		re.State, re.Alias = ResumedEnded, r.Partner
	case s.Place != 0:
		re.State = ResumedSearching
	default:
		re.State = ResumedIdle
	}
	if s.tail() {
		re.Replay = len(s.mail.entries)
	}
	l.tellResumed(s, re)
	l.hideTyping(s)
	if s.tail() && !named {
		if r.Partner != "" {
			l.tell(s, Event{Kind: PartnerDisconnected})
		}
		l.tell(s, Event{Kind: Matched, Alias: s.mail.from})
	}
	if s.tail() {
		after := uint64(0)
		if named {
			after = r.Got
		}
		l.replay(s, s.mail.from, after, s.mail.last())
	}
	if !over {
		return
	}
	l.tell(s, Event{Kind: PartnerDisconnected})
	if s.Pair == 0 {
		l.tell(s, Event{Kind: Searching})
		return
	}
	l.tellMatched(s)
	l.rejoin(s, missed)
}
