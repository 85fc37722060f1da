package chat_test

import "chatme/internal/chat"

// attach is auth, with or without resume.
func (m *model) attach(conn chat.ConnID, a *chat.Auth) {
	var refusal chat.ErrorCode
	if a.Resume != nil {
		if a.Resume.Got > 1<<32 || a.Resume.Acked > 1<<32 {
			m.said[conn] = []chat.Event{{Kind: chat.Close, CloseCode: 4400}}
			return
		}
		w := m.named(a.Resume.Hash)
		switch {
		case w == nil || !w.resumable:
			refusal = chat.ResumeUnknown
		case w.ended != 0:
			refusal = chat.ResumeEnded
		case !w.inMemory() && w.away+24*3600_000 <= m.now:
			refusal = chat.ResumeExpired
		default:
			m.resume(w, conn, a.Resume)
			return
		}
	}
	w := &who{
		durable: durable{hash: a.Fresh, resumable: a.Resumable, row: a.Resumable, created: m.now},
		conn:    conn, active: m.now, nap: -1,
	}
	m.people = append(m.people, w)
	m.say(w, chat.Event{Kind: chat.AuthSuccess})
	if refusal != "" {
		m.say(w, chat.Event{Kind: chat.ResumeFailed, Code: refusal})
	}
	if w.resumable {
		m.say(w, chat.Event{Kind: chat.SessionID})
		return
	}
	m.ping(w, chat.Ping)
}

// resume: the newest socket wins, then the state of the session, then what it missed.
func (m *model) resume(w *who, conn chat.ConnID, r *chat.Resume) {
	re := &chat.Resumption{Gap: r.Epoch != "" && r.Epoch != "e1"}
	p := m.partner(w)
	names := p != nil && r.Partner == p.alias && !re.Gap
	if names && p.out.seen && (r.Got > p.out.top || r.Acked > w.out.recv()) {
		m.said[conn] = []chat.Event{{Kind: chat.Close, CloseCode: 4400}}
		return
	}
	replaced := w.conn != 0
	if replaced {
		m.say(w, chat.Event{Kind: chat.Close, CloseCode: 4409})
	} else {
		re.AwayMs = int64(m.now - w.away)
	}
	w.hangUp(0)
	w.conn, w.active, w.nap = conn, m.now, -1
	w.again = w.again || m.now >= w.parted+10_000
	m.say(w, chat.Event{Kind: chat.AuthSuccess})
	m.came = append(m.came, w)
	if p == nil {
		m.resumeAlone(w, r, re)
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
	missed := m.letters(w, func(l letter) bool { return l.n > after })
	if names || r.Partner == "" {
		re.State, re.Alias, re.Here, re.Replay = chat.ResumedMatched, p.alias, p.conn != 0, len(missed)
		re.Recv, re.Delivered, re.Last = w.out.recv(), w.out.got, w.out.last
	} else {
		re.State, re.Alias = chat.ResumedEnded, r.Partner
	}
	m.say(w, chat.Event{Kind: chat.Resumed, Resumed: re})
	m.hideTyping(w)
	if re.State == chat.ResumedEnded {
		m.say(w, chat.Event{Kind: chat.PartnerDisconnected})
		m.say(w, chat.Event{Kind: chat.Matched, Alias: p.alias})
	}
	w.out.told = false
	if p.conn == 0 {
		m.say(w, chat.Event{Kind: chat.PartnerAway, At: p.until})
	}
	m.replay(w, p.alias, missed, after, p.out.last)
	m.tellOf(w, p, !replaced, w.out.last > last, p.out.got > got)
}

// tellOf tells p about a resume of w.
func (m *model) tellOf(w, p *who, back, raised, news bool) {
	if !p.resumable {
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
func (m *model) resumeAlone(w *who, r *chat.Resume, re *chat.Resumption) {
	tail := m.tail(w)
	named := len(tail) > 0 && tail[0].from == r.Partner
	if named || len(tail) > 0 && re.Gap && tail[0].chat <= m.before {
		m.discard(func(l letter) bool { return l.to == w.hash && (!named || l.n <= r.Got) })
		tail = m.tail(w)
	}
	if w.place == 0 && (r.Partner != "" || len(tail) > 0) {
		m.enqueue(w)
	}
	re.Replay = len(tail)
	switch {
	case r.Partner != "":
		re.State, re.Alias = chat.ResumedEnded, r.Partner
	case w.place != 0:
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
		m.say(w, chat.Event{Kind: chat.Matched, Alias: tail[0].from})
	}
	if len(tail) > 0 {
		m.replay(w, tail[0].from, tail, after, tail[len(tail)-1].n)
	}
	if r.Partner != "" || len(tail) > 0 {
		m.say(w, chat.Event{Kind: chat.PartnerDisconnected})
		m.say(w, chat.Event{Kind: chat.Searching})
	}
}
