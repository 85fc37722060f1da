package chat_test

import (
	"slices"

	"chatme/internal/chat"
)

// letter is a body in custody.
type letter struct {
	to    chat.Hash
	chat  int
	from  chat.Alias
	n     uint64
	at    chat.Time
	text  string
	image string
	batch uint64 // that carries it; 0: one of an earlier run
}

func (l letter) empty() bool { return l.text == "" && l.image == "" }

func (l letter) size() int { return 256 + len(l.text) + len(l.image) }

// numbers of the messages of one direction of a chat, in the protocol's words.
type numbers struct {
	last, held, got, claim uint64

	top    uint64   // the highest ever accepted or used up
	seen   bool     // this run of the server saw the chat begin
	ring   []letter // on the way to a receiver that is there
	sealed []letter // under way to the disk
	told   bool     // error gap was sent
}

func (n *numbers) recv() uint64 { return max(n.got, n.held) }

// keepUp restores what holds at all times of the way from w to p: what is confirmed is not kept.
func (m *model) keepUp(w, p *who) {
	n := &w.out
	n.got = min(max(n.got, n.claim), n.last)
	n.ring = slices.DeleteFunc(n.ring, func(l letter) bool { return l.n <= n.got })
	m.discard(func(l letter) bool { return l.to == p.hash && l.chat == p.chat && l.n <= n.got })
}

func (m *model) discard(gone func(letter) bool) {
	n := len(m.mail)
	m.mail = slices.DeleteFunc(m.mail, gone)
	m.posted = m.posted || len(m.mail) < n
}

// giveUp is what becomes of the mail of somebody who leaves.
func (m *model) giveUp(w *who) { m.discard(func(l letter) bool { return l.to == w.hash }) }

// tail lists what w has not confirmed of a chat that is over.
func (m *model) tail(w *who) []letter {
	return m.letters(w, func(l letter) bool { return l.chat != w.chat })
}

// letters lists some of the mail of w, by rising number.
func (m *model) letters(w *who, which func(letter) bool) []letter {
	var some []letter
	for _, l := range m.mail {
		if l.to == w.hash && which(l) {
			some = append(some, l)
		}
	}
	slices.SortFunc(some, func(a, b letter) int { return int(a.n) - int(b.n) })
	return some
}

// mailRoom: 64 bytes a letter, 3 letters and 1 MiB a chat, 2 MiB in all.
func (m *model) mailRoom(l letter) bool {
	count, size, all := 1, l.size(), l.size()
	for _, x := range m.mail {
		all += x.size()
		if x.to == l.to && x.chat == l.chat {
			count++
			size += x.size()
		}
	}
	return len(l.text)+len(l.image) <= 64 && count <= 3 && size <= 1<<20 && all <= 2<<20
}

// ringRoom: 4 bodies and 1 MiB a direction, 2 MiB in all.
func (m *model) ringRoom(w *who, l letter) bool {
	count, size, all := 1, l.size(), l.size()
	for _, x := range m.people {
		for _, y := range x.out.ring {
			all += y.size()
			if x == w {
				count++
				size += y.size()
			}
		}
	}
	return count <= 4 && size <= 1<<20 && all <= 2<<20
}

// hold puts a letter of w into the mailbox it is for.
func (m *model) hold(w *who, l letter) {
	l.batch = m.batch
	m.mail, m.posted = append(m.mail, l), true
	w.out.sealed = append(w.out.sealed, l)
}

// seal is for a socket of p that is gone: what was on the way from w is held. What does not fit is forgotten, with all
// that follows, and w sends it again if it can.
func (m *model) seal(w, p *who) bool {
	ring := w.out.ring
	w.out.ring = nil
	for _, l := range ring {
		switch {
		case m.mailRoom(l):
			m.hold(w, l)
		case !w.resumable:
			return false
		case l.n > w.out.recv(): // below it, w has claimed that it was acknowledged
			w.out.last = l.n - 1
			m.say(w, chat.Event{Kind: chat.Error, Code: chat.ErrMailboxFull, N: l.n})
			return true
		}
	}
	return true
}

// commits: custody is what has reached the disk, and the sender hears of it.
func (m *model) commits() {
	for _, w := range m.people {
		held := w.out.held
		for len(w.out.sealed) > 0 && w.out.sealed[0].batch <= m.committed {
			w.out.held = max(w.out.held, w.out.sealed[0].n)
			w.out.sealed = w.out.sealed[1:]
		}
		if m.partner(w) != nil && w.out.held > held {
			m.acked(w)
		}
	}
}

// ack is what w says it has, of its chat or of a tail.
func (m *model) ack(w *who, alias chat.Alias, got uint64) {
	p := m.partner(w)
	switch {
	case got > 1<<32:
		m.say(w, chat.Event{Kind: chat.Close, CloseCode: 4400})
	case p == nil || !m.means(w, alias):
		m.discard(func(l letter) bool { return l.to == w.hash && l.chat != w.chat && l.from == alias && l.n <= got })
		if m.posted {
			m.came = append(m.came, w)
		}
	case p.out.seen && got > p.out.top:
		m.say(w, chat.Event{Kind: chat.Close, CloseCode: 4400})
	default:
		before := p.out.got
		p.out.got = max(before, min(got, p.out.last))
		m.keepUp(p, w)
		if p.out.got > before {
			m.acked(p)
		}
	}
}

// replay sends w the letters above a number, and a gap for what there is no letter of.
func (m *model) replay(w *who, from chat.Alias, letters []letter, after, upTo uint64) {
	switch {
	case len(letters) > 0:
		m.say(w, chat.Event{Kind: chat.Replay, Mail: &chat.MailRange{Alias: from, After: after, UpTo: upTo}})
	case after < upTo:
		m.say(w, chat.Event{Kind: chat.Gap, N: upTo})
	}
}
