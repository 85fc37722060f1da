package chat_test

import (
	"time"

	"chatme/internal/chat"
)

func (m *model) command(w *who, c *chat.Command) {
	switch c.Op {
	case chat.Ack:
		if w.resumable {
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
	case chat.Typing:
		m.classify(w, c)
		if p := m.partner(w); p != nil && p.conn != 0 {
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
		m.search(w, c.Partner)
	case chat.Send:
		m.classify(w, c)
		m.send(w, c)
	case chat.Sleep:
		if w.resumable {
			w.nap = min(c.For, 10*time.Minute)
		}
	case chat.End:
		m.say(w, chat.Event{Kind: chat.ChatEnded})
		m.say(w, chat.Event{Kind: chat.Close, CloseCode: 1000})
		m.end(w)
	case chat.Malformed:
		if w.resumable {
			m.say(w, chat.Event{Kind: chat.Error, Code: c.Refused})
		}
	}
}

// means reports whether alias, as w gives it, is the current chat.
func (m *model) means(w *who, alias chat.Alias) bool {
	p := m.partner(w)
	return !w.resumable || alias == "" || p != nil && p.alias == alias
}

// send is a message. n is 0 if the client gave none.
func (m *model) send(w *who, c *chat.Command) {
	if w.resumable && c.N > 1<<32 {
		m.say(w, chat.Event{Kind: chat.Close, CloseCode: 4400})
		return
	}
	if !m.means(w, c.Partner) {
		return
	}
	p, n := m.partner(w), c.N
	switch {
	case p == nil && w.resumable:
		m.say(w, chat.Event{Kind: chat.Error, Code: chat.ErrNotMatched, N: n})
		return
	case p == nil && w.unsettled:
		return
	case p == nil:
		if w.place == 0 {
			m.enqueue(w)
		}
		m.disconnected(w)
		return
	}
	if !w.resumable {
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
	l := letter{to: p.hash, chat: w.chat, from: w.alias, n: out.last + 1, at: m.now, text: c.Text, image: c.Image}
	if useless {
		l.text, l.image = "", ""
	}
	if (n != 0 || !useless) && !m.accepts(w, p, l) {
		return
	}
	if n != 0 || !useless {
		m.relay(w, p, l)
	}
	if c.Refused != "" && w.resumable {
		m.say(w, chat.Event{Kind: chat.Error, Code: c.Refused, N: n})
	}
}

// accepts looks for room for l, and handles the case that there is none.
func (m *model) accepts(w, p *who, l letter) bool {
	switch {
	case l.n <= w.out.claim:
	case p.conn == 0 && m.mailRoom(l):
	case p.conn == 0 && w.resumable:
		m.say(w, chat.Event{Kind: chat.Error, Code: chat.ErrMailboxFull, N: l.n})
		return false
	case p.conn == 0:
		m.part(p)
		m.forget(p)
		return false
	case p.resumable && w.resumable && !m.ringRoom(w, l):
		m.say(w, chat.Event{Kind: chat.Error, Code: chat.ErrUnavailable, N: l.n})
		return false
	}
	return true
}

// relay relays l, which was accepted.
func (m *model) relay(w, p *who, l letter) {
	w.out.last = l.n
	w.out.top = max(w.out.top, l.n)
	m.keepUp(w, p)
	switch {
	case l.n <= w.out.claim:
		m.acked(w)
		return
	case p.conn == 0:
		m.hold(w, l)
		return
	case p.resumable && m.ringRoom(w, l):
		w.out.ring = append(w.out.ring, l)
	}
	switch {
	case l.empty() && p.resumable:
		m.say(p, chat.Event{Kind: chat.Gap, N: l.n})
	case l.empty():
		m.ask(p)
	case p.resumable:
		m.say(p, chat.Event{Kind: chat.Message, Alias: w.alias, Text: l.text, Image: l.image, N: l.n, At: m.now})
	default:
		m.say(p, chat.Event{Kind: chat.Message, Alias: w.alias, Text: l.text, Image: l.image})
		m.ask(p)
	}
}

// open reports whether a legacy client was sent more by a resumable partner than it has confirmed.
func (m *model) open(w *who) bool {
	p := m.partner(w)
	return p != nil && !w.resumable && p.resumable && p.out.last > p.out.got
}

// ask sends a legacy client a ping after the messages it was sent, one at a time and one in 250 ms.
func (m *model) ask(w *who) {
	if m.open(w) && w.asked == 0 && w.askAfter <= m.now {
		w.asked, w.askedFor, w.askAfter = m.ping(w, chat.Ping), m.partner(w).out.last, m.now+250
	}
}

func (m *model) acked(w *who) {
	if w.resumable {
		m.say(w, chat.Event{Kind: chat.Acked, Recv: w.out.recv(), Delivered: w.out.got})
	}
}
