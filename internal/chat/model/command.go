package model

import (
	"time"

	"chatme/internal/chat"
)

func (m *Model) command(w *Session, c *chat.Command) {
	switch c.Op {
	case chat.Ack:
		if w.Resumable {
			m.ack(w, c.Partner, c.Got)
		}
		return
	case chat.Heard:
		return
	case chat.AppPing:
		m.classify(w, c)
		return
	case chat.Pong:
		m.pong(w, c.N)
		return
	case chat.Prefer:
		if w.Resumable {
			w.wants, w.preferred = *c.Prefer, m.now
			if w.in || w.due != 0 {
				m.match(w)
			}
		}
		return
	case chat.Typing:
		m.classify(w, c)
		if p := m.Partner(w); p != nil && p.Conn != 0 {
			p.typing = c.Start
			kind := map[bool]chat.Kind{true: chat.TypingStart, false: chat.TypingStop}[c.Start]
			m.say(p, chat.Event{Kind: kind})
		}
		return
	case chat.Detach:
		m.detach(w, c.Leaves)
		return
	}
	w.active, w.nap = m.now, -1
	switch c.Op {
	case chat.Search:
		m.search(w, c.Partner, c.Hold)
	case chat.Send:
		m.classify(w, c)
		m.send(w, c)
	case chat.Sleep:
		if w.Resumable {
			w.nap = min(c.For, 10*time.Minute)
		}
	case chat.End:
		m.say(w, chat.Event{Kind: chat.ChatEnded})
		m.say(w, chat.Event{Kind: chat.Close, CloseCode: 1000})
		m.end(w)
	case chat.Malformed:
		if w.Resumable {
			m.say(w, chat.Event{Kind: chat.Error, Code: c.Refused})
		}
	}
}

// means reports whether alias, as w gives it, is the current chat.
func (m *Model) means(w *Session, alias chat.Alias) bool {
	p := m.Partner(w)
	return !w.Resumable || alias == "" || p != nil && p.Alias == alias
}

// send is a message. n is 0 if the client gave none.
func (m *Model) send(w *Session, c *chat.Command) {
	if w.Resumable && c.N > 1<<32 {
		m.say(w, chat.Event{Kind: chat.Close, CloseCode: 4400})
		return
	}
	if !m.means(w, c.Partner) {
		return
	}
	p, n := m.Partner(w), c.N
	switch {
	case p == nil && w.Resumable:
		m.say(w, chat.Event{Kind: chat.Error, Code: chat.ErrNotMatched, N: n})
		return
	case p == nil && w.unsettled:
		return
	case p == nil:
		if w.Place == 0 {
			m.pace(w, 0)
			m.enqueue(w)
		}
		m.disconnected(w)
		return
	}
	if !w.Resumable {
		n = 0
	}
	out := &w.out
	if n == 0 && out.last >= 1<<32 {
		m.say(w, chat.Event{Kind: chat.Close, CloseCode: 4400})
		return
	}
	switch {
	case n != 0 && n <= out.last:
		m.acked(w)
		return
	case n > out.last+1:
		if !out.told {
			out.told = true
			m.say(w, chat.Event{Kind: chat.Error, Code: chat.ErrGap, N: n, Expect: out.last + 1})
		}
		return
	}
	out.told = false
	useless := c.Refused != "" || c.Text == "" && c.Image == ""
	l := Entry{To: p.Hash, chat: w.Chat, From: w.Alias, N: out.last + 1, At: m.now, Text: c.Text, Image: c.Image}
	if useless {
		l.Text, l.Image = "", ""
	}
	if (n != 0 || !useless) && !m.accepts(w, p, l) {
		return
	}
	if n != 0 || !useless {
		m.relay(w, p, l)
	}
	if c.Refused != "" && w.Resumable {
		m.say(w, chat.Event{Kind: chat.Error, Code: c.Refused, N: n})
	}
}

// accepts looks for room for l, and handles the case that there is none.
func (m *Model) accepts(w, p *Session, l Entry) bool {
	switch {
	case l.N <= w.out.claim:
	case p.Conn == 0 && m.mailRoom(l):
	case p.Conn == 0 && w.Resumable:
		m.say(w, chat.Event{Kind: chat.Error, Code: chat.ErrMailboxFull, N: l.N})
		m.announce(p)
		return false
	case p.Conn == 0:
		m.abandon(p)
		return false
	case p.Resumable && w.Resumable && !m.ringRoom(w, l):
		m.say(w, chat.Event{Kind: chat.Error, Code: chat.ErrUnavailable, N: l.N})
		return false
	}
	return true
}

// relay relays l, which was accepted.
func (m *Model) relay(w, p *Session, l Entry) {
	w.out.last = l.N
	w.out.top = max(w.out.top, l.N)
	m.keepUp(w, p)
	switch {
	case l.N <= w.out.claim:
		m.acked(w)
		return
	case p.Conn == 0:
		m.hold(w, l)
		return
	case p.Resumable && m.ringRoom(w, l):
		w.out.ring = append(w.out.ring, l)
	}
	switch {
	case l.empty() && p.Resumable:
		m.say(p, chat.Event{Kind: chat.Gap, N: l.N})
	case l.empty():
		m.ask(p)
	case p.Resumable:
		m.say(p, chat.Event{Kind: chat.Message, Alias: w.Alias, Text: l.Text, Image: l.Image, N: l.N, At: m.now})
	default:
		m.say(p, chat.Event{Kind: chat.Message, Alias: w.Alias, Text: l.Text, Image: l.Image})
		m.ask(p)
	}
}

// open reports whether a legacy client was sent more by a resumable partner than it has confirmed.
func (m *Model) open(w *Session) bool {
	p := m.Partner(w)
	return p != nil && !w.Resumable && p.Resumable && p.out.last > p.out.got
}

// ask sends a legacy client a ping after the messages it was sent, one at a time and one in 250 ms.
func (m *Model) ask(w *Session) {
	if m.open(w) && w.asked == 0 && w.askAfter <= m.now {
		w.asked, w.askedFor, w.askAfter = m.ping(w, chat.Ping), m.Partner(w).out.last, m.now+250
	}
}

func (m *Model) acked(w *Session) {
	if w.Resumable {
		m.say(w, chat.Event{Kind: chat.Acked, Recv: w.out.recv(), Delivered: w.out.got})
	}
}
