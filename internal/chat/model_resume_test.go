package chat_test

import "chatme/internal/chat"

// attach is auth, with or without resume.
func (m *model) attach(conn chat.ConnID, a *chat.Auth) {
	var refusal chat.ErrorCode
	if a.Resume != nil {
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
	}
}

// resume: the newest socket wins, then where the session stands, then what it missed.
func (m *model) resume(w *who, conn chat.ConnID, r *chat.Resume) {
	re := &chat.Resumption{Gap: r.Epoch != "" && r.Epoch != "e1"}
	replaced := w.conn != 0
	if replaced {
		m.say(w, chat.Event{Kind: chat.Close, CloseCode: 4409})
	} else {
		re.AwayMs = int64(m.now - w.away)
	}
	w.conn, w.away, w.active, w.nap = conn, 0, m.now, -1
	m.say(w, chat.Event{Kind: chat.AuthSuccess})
	m.came = append(m.came, w)

	p := m.partner(w)
	var raised, news bool
	switch {
	case p != nil && (r.Partner == "" || r.Partner == p.alias && !re.Gap):
		if r.Partner != "" { // what it says counts for the chat it names only
			last, got := w.out.last, p.out.got
			w.out.held = max(w.out.held, r.Acked)
			w.out.last = max(w.out.last, w.out.held, w.out.got)
			w.out.level()
			p.out.claim = max(p.out.claim, r.Got)
			p.out.level()
			raised, news = w.out.last > last, p.out.got > got
		}
		re.State, re.Alias, re.Here = chat.ResumedMatched, p.alias, p.conn != 0
		re.Recv, re.Delivered, re.Last = w.out.recv(), w.out.got, w.out.last
	case r.Partner != "":
		re.State, re.Alias = chat.ResumedEnded, r.Partner
	case w.place != 0:
		re.State = chat.ResumedSearching
	default:
		re.State = chat.ResumedIdle
	}
	m.say(w, chat.Event{Kind: chat.Resumed, Resumed: re})
	m.hideTyping(w)
	if re.State == chat.ResumedEnded {
		m.say(w, chat.Event{Kind: chat.PartnerDisconnected})
		switch {
		case p != nil:
			m.say(w, chat.Event{Kind: chat.Matched, Alias: p.alias})
		case w.place == 0:
			m.enqueue(w)
			fallthrough
		default:
			m.say(w, chat.Event{Kind: chat.Searching})
		}
	}
	if p == nil {
		return
	}
	w.out.told = false
	if p.conn == 0 {
		m.say(w, chat.Event{Kind: chat.PartnerAway, At: p.until})
	}
	if replaced {
		m.lost(w, p)
	}
	if p.out.last > p.out.got {
		m.say(w, chat.Event{Kind: chat.Gap, N: p.out.last})
	}
	if !p.resumable {
		m.ask(p)
		return
	}
	if !replaced {
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
