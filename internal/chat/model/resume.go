package model

import "chatme/internal/chat"

// attach is auth, with or without resume.
func (m *Model) attach(conn chat.ConnID, a *chat.Auth) {
	var refusal chat.ErrorCode
	if a.Resume != nil {
		if a.Resume.Got > 1<<32 || a.Resume.Acked > 1<<32 {
			m.Said[conn] = []chat.Event{{Kind: chat.Close, CloseCode: 4400}}
			return
		}
		w := m.Named(a.Resume.Hash)
		switch {
		case w != nil && w.Resumable && !w.Row:
			m.say(w, chat.Event{Kind: chat.Close, CloseCode: 4409})
			m.end(w)
			refusal = chat.ResumeUnknown
		case w == nil || !w.Resumable:
			refusal = chat.ResumeUnknown
		case w.Ended != 0:
			refusal = chat.ResumeEnded
		case !w.InMemory() && w.Away+24*3600_000 <= m.now:
			refusal = chat.ResumeExpired
		default:
			m.resume(w, conn, a.Resume)
			return
		}
	}
	w := &Session{
		Durable: Durable{Hash: a.Fresh, Resumable: a.Resumable, Created: m.now},
		Conn:    conn, active: m.now, nap: -1,
	}
	m.Sessions = append(m.Sessions, w)
	m.say(w, chat.Event{Kind: chat.AuthSuccess})
	if refusal != "" {
		m.say(w, chat.Event{Kind: chat.ResumeFailed, Code: refusal})
	}
	if w.Resumable {
		m.say(w, chat.Event{Kind: chat.SessionID})
		return
	}
	m.ping(w, chat.Ping)
}

// resume: the newest socket wins, then the state of the session, then what it missed.
func (m *Model) resume(w *Session, conn chat.ConnID, r *chat.Resume) {
	re := &chat.Resumption{Gap: r.Epoch != "" && r.Epoch != "e1"}
	p := m.Partner(w)
	names := p != nil && r.Partner == p.Alias && !re.Gap
	if names && p.out.seen && (r.Got > p.out.top || r.Acked > w.out.recv()) {
		m.Said[conn] = []chat.Event{{Kind: chat.Close, CloseCode: 4400}}
		return
	}
	replaced := w.Conn != 0
	knew := !replaced && w.hidden == 0
	if replaced {
		m.say(w, chat.Event{Kind: chat.Close, CloseCode: 4409})
	} else {
		re.AwayMs = int64(m.now - w.Away)
	}
	w.hangUp(0)
	w.Conn, w.active, w.nap, w.hidden = conn, m.now, -1, 0
	m.say(w, chat.Event{Kind: chat.AuthSuccess})
	if p == nil {
		m.resumeAlone(w, r, re)
		m.match(w)
		return
	}
	if replaced {
		m.lost(w, p)
	}
	last, got := w.out.last, p.out.got
	if names { // its report counts only for the chat that it names
		w.out.held = max(w.out.held, r.Acked)
		w.out.last = max(w.out.last, w.out.held, w.out.got)
		p.out.claim = max(p.out.claim, r.Got)
		m.keepUp(w, p)
		m.keepUp(p, w)
	}
	after := max(p.out.got, p.out.claim)
	missed := m.entries(w, func(l Entry) bool { return l.N > after })
	if names || r.Partner == "" {
		re.State, re.Alias, re.Here, re.Replay = chat.ResumedMatched, p.Alias, p.Conn != 0, len(missed)
		re.Recv, re.Delivered, re.Last = w.out.recv(), w.out.got, w.out.last
	} else {
		re.State, re.Alias = chat.ResumedEnded, r.Partner
	}
	m.say(w, chat.Event{Kind: chat.Resumed, Resumed: re})
	m.hideTyping(w)
	if re.State == chat.ResumedEnded {
		m.say(w, chat.Event{Kind: chat.PartnerDisconnected})
		m.say(w, chat.Event{Kind: chat.Matched, Alias: p.Alias, Common: w.wants.Topics & p.wants.Topics})
	}
	w.out.told = false
	if p.Conn == 0 {
		p.hidden = 0
		m.say(w, chat.Event{Kind: chat.PartnerAway, At: p.until})
	}
	m.replay(w, p.Alias, missed, after, p.out.last)
	m.tellOf(w, p, knew, w.out.last > last, p.out.got > got)
}

// tellOf tells p about a resume of w.
func (m *Model) tellOf(w, p *Session, back, raised, news bool) {
	if !p.Resumable {
		m.ask(p)
		return
	}
	if back {
		p.out.told = false
		m.say(p, chat.Event{Kind: chat.PartnerBack})
	}
	if raised && w.out.last > w.out.got {
		m.say(p, chat.Event{Kind: chat.Gap, N: w.out.last})
	}
	if news {
		m.acked(p)
	}
}

// resumeAlone resumes a session that is in no chat, possibly with a tail.
func (m *Model) resumeAlone(w *Session, r *chat.Resume, re *chat.Resumption) {
	tail := m.tail(w)
	named := len(tail) > 0 && tail[0].From == r.Partner
	if named || len(tail) > 0 && re.Gap && tail[0].chat <= m.Before {
		m.discard(func(l Entry) bool { return l.To == w.Hash && (!named || l.N <= r.Got) })
		tail = m.tail(w)
	}
	if w.Place == 0 && (r.Partner != "" || len(tail) > 0) {
		m.enqueue(w)
	}
	re.Replay = len(tail)
	switch {
	case r.Partner != "":
		re.State, re.Alias = chat.ResumedEnded, r.Partner
	case w.Place != 0:
		re.State = chat.ResumedSearching
	default:
		re.State = chat.ResumedIdle
	}
	m.say(w, chat.Event{Kind: chat.Resumed, Resumed: re})
	m.hideTyping(w)
	after := r.Got
	if !named && len(tail) > 0 {
		after = 0
		if r.Partner != "" {
			m.say(w, chat.Event{Kind: chat.PartnerDisconnected})
		}
		m.say(w, chat.Event{Kind: chat.Matched, Alias: tail[0].From})
	}
	if len(tail) > 0 {
		m.replay(w, tail[0].From, tail, after, tail[len(tail)-1].N)
	}
	if r.Partner != "" || len(tail) > 0 {
		m.say(w, chat.Event{Kind: chat.PartnerDisconnected})
		m.say(w, chat.Event{Kind: chat.Searching})
	}
}
