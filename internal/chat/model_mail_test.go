package chat_test

import (
	"slices"

	"chatme/internal/chat"
)

// letter is a message in custody.
type letter struct {
	to    chat.Hash
	chat  int
	from  chat.Alias
	n     uint64
	at    chat.Time
	text  string
	image string
	batch uint64 // that carries it; 0: a batch of an earlier run
}

func (l letter) empty() bool { return l.text == "" && l.image == "" }

func (l letter) size() int { return 256 + len(l.text) + len(l.image) }

// numbers is the message numbers of one direction of a chat, in the protocol's terms.
type numbers struct {
	last, held, got, claim uint64

	top    uint64   // the highest ever accepted or used up
	seen   bool     // this run of the server saw the chat begin
	ring   []letter // in flight to an attached receiver
	sealed []letter // in flight to the disk
	told   bool     // error gap was sent
}

func (n *numbers) recv() uint64 { return max(n.got, n.held) }

// keepUp restores an invariant of the direction from w to p: confirmed messages are not kept.
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

// giveUp handles the mail of a session that leaves.
func (m *model) giveUp(w *who) { m.discard(func(l letter) bool { return l.to == w.hash }) }

// tail lists the unconfirmed messages of w from a chat that is over.
func (m *model) tail(w *who) []letter {
	return m.letters(w, func(l letter) bool { return l.chat != w.chat })
}

// letters lists some of the mailbox entries of w, by rising number.
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

// mailRoom: 64 bytes per entry, 3 entries and 1 MiB per chat, 2 MiB in total.
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

// ringRoom: 4 bodies and 1 MiB per direction, 2 MiB in total.
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

// hold puts a message of w into its recipient's mailbox.
func (m *model) hold(w *who, l letter) {
	l.batch = m.batch
	m.mail, m.posted = append(m.mail, l), true
	w.out.sealed = append(w.out.sealed, l)
}

// seal handles the loss of a socket of p: messages in flight from w are held. Those that do not fit are forgotten, with all
// later ones, and w sends them again if it can.
func (m *model) seal(w, p *who) bool {
	ring := w.out.ring
	w.out.ring = nil
	for _, l := range ring {
		switch {
		case m.mailRoom(l):
			m.hold(w, l)
		case !w.resumable:
			return false
		case l.n > w.out.recv(): // w has claimed that lower numbers were acknowledged
			w.out.last = l.n - 1
			m.say(w, chat.Event{Kind: chat.Error, Code: chat.ErrMailboxFull, N: l.n})
			return true
		}
	}
	return true
}

// commits: custody passes when messages are on disk, and the sender is told.
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

// ack records what w confirms, of its chat or of a tail.
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

// replay sends w the entries above a number, and a gap where there is none.
func (m *model) replay(w *who, from chat.Alias, letters []letter, after, upTo uint64) {
	switch {
	case len(letters) > 0:
		m.say(w, chat.Event{Kind: chat.Replay, Mail: &chat.MailRange{Alias: from, After: after, UpTo: upTo}})
	case after < upTo:
		m.say(w, chat.Event{Kind: chat.Gap, N: upTo})
	}
}
