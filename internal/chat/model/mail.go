package model

import (
	"slices"

	"chatme/internal/chat"
)

// Entry is a message in custody.
type Entry struct {
	To    chat.Hash
	chat  int
	From  chat.Alias
	N     uint64
	At    chat.Time
	Text  string
	Image string
	Batch uint64 // that carries it; 0: a batch of an earlier run
}

func (l Entry) empty() bool { return l.Text == "" && l.Image == "" }

func (l Entry) size() int { return 256 + len(l.Text) + len(l.Image) }

// numbers is the message numbers of one direction of a chat, in the protocol's terms.
type numbers struct {
	last, held, got, claim uint64

	top     uint64  // the highest ever accepted or used up
	seen    bool    // this run of the server saw the chat begin
	ring    []Entry // in flight to an attached receiver
	writing []Entry // in flight to the disk
	told    bool    // error gap was sent
}

func (n *numbers) recv() uint64 { return max(n.got, n.held) }

// keepUp restores an invariant of the direction from w to p: confirmed messages are not kept.
func (m *Model) keepUp(w, p *Session) {
	n := &w.out
	n.got = min(max(n.got, n.claim), n.last)
	n.ring = slices.DeleteFunc(n.ring, func(l Entry) bool { return l.N <= n.got })
	m.discard(func(l Entry) bool { return l.To == p.Hash && l.chat == p.Chat && l.N <= n.got })
}

func (m *Model) discard(gone func(Entry) bool) {
	n := len(m.Mail)
	m.Mail = slices.DeleteFunc(m.Mail, gone)
	m.Posted = m.Posted || len(m.Mail) < n
}

// GiveUp handles the mail of a session that leaves.
func (m *Model) GiveUp(w *Session) { m.discard(func(l Entry) bool { return l.To == w.Hash }) }

// tail lists the unconfirmed messages of w from a chat that is over.
func (m *Model) tail(w *Session) []Entry {
	return m.entries(w, func(l Entry) bool { return l.chat != w.Chat })
}

// entries lists some of the mailbox entries of w, by rising number.
func (m *Model) entries(w *Session, which func(Entry) bool) []Entry {
	var some []Entry
	for _, l := range m.Mail {
		if l.To == w.Hash && which(l) {
			some = append(some, l)
		}
	}
	slices.SortFunc(some, func(a, b Entry) int { return int(a.N) - int(b.N) })
	return some
}

// mailRoom: 64 bytes per entry, 3 entries and 1 MiB per chat, 2 MiB in total.
func (m *Model) mailRoom(l Entry) bool {
	count, size, all := 1, l.size(), l.size()
	for _, x := range m.Mail {
		all += x.size()
		if x.To == l.To && x.chat == l.chat {
			count++
			size += x.size()
		}
	}
	return len(l.Text)+len(l.Image) <= 64 && count <= 3 && size <= 1<<20 && all <= 2<<20
}

// ringRoom: 4 bodies and 1 MiB per direction, 2 MiB in total, a quarter of it for small bodies.
func (m *Model) ringRoom(w *Session, l Entry) bool {
	count, size, all := 1, l.size(), l.size()
	for _, x := range m.Sessions {
		for _, y := range x.out.ring {
			all += y.size()
			if x == w {
				count++
				size += y.size()
			}
		}
	}
	most := 2 << 20
	if l.size() > 64<<10+256 {
		most = max(most-most/4, min(most, l.size()+most/4))
	}
	return count <= 4 && size <= 1<<20 && all <= most
}

// hold puts a message of w into its recipient's mailbox.
func (m *Model) hold(w *Session, l Entry) {
	l.Batch = m.Batch
	m.Mail, m.Posted = append(m.Mail, l), true
	w.out.writing = append(w.out.writing, l)
}

// holdInFlight handles the loss of a socket of p: messages in flight from w are held. Those that do not fit are forgotten, with all
// later ones, and w sends them again if it can.
func (m *Model) holdInFlight(w, p *Session) bool {
	ring := w.out.ring
	w.out.ring = nil
	for _, l := range ring {
		switch {
		case m.mailRoom(l):
			m.hold(w, l)
		case !w.Resumable:
			return false
		case l.N > w.out.recv(): // w has claimed that lower numbers were acknowledged
			w.out.last = l.N - 1
			m.say(w, chat.Event{Kind: chat.Error, Code: chat.ErrMailboxFull, N: l.N})
			m.announce(p)
			return true
		}
	}
	return true
}

// commits: custody passes when messages are on disk, and the sender is told.
func (m *Model) commits() {
	for _, w := range m.Sessions {
		held := w.out.held
		for len(w.out.writing) > 0 && w.out.writing[0].Batch <= m.Committed {
			w.out.held = max(w.out.held, w.out.writing[0].N)
			w.out.writing = w.out.writing[1:]
		}
		if m.Partner(w) != nil && w.out.held > held {
			m.acked(w)
		}
	}
}

// ack records what w confirms, of its chat or of a tail.
func (m *Model) ack(w *Session, alias chat.Alias, got uint64) {
	p := m.Partner(w)
	switch {
	case got > 1<<32:
		m.say(w, chat.Event{Kind: chat.Close, CloseCode: 4400})
	case p == nil || !m.means(w, alias):
		m.discard(func(l Entry) bool { return l.To == w.Hash && l.chat != w.Chat && l.From == alias && l.N <= got })
		if m.Posted {
			m.match(w)
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
func (m *Model) replay(w *Session, from chat.Alias, entries []Entry, after, upTo uint64) {
	switch {
	case len(entries) > 0:
		m.say(w, chat.Event{Kind: chat.Replay, Mail: &chat.MailRange{Alias: from, After: after, UpTo: upTo}})
	case after < upTo:
		m.say(w, chat.Event{Kind: chat.Gap, N: upTo})
	}
}
