package model

import (
	"slices"
	"time"

	"chatme/internal/chat"
)

// Model is a second implementation of the protocol: slices, linear scans, one obvious step after the other, and none of
// the lobby's code. It predicts the state of every session and every event after each command.
//
// It leaves four things to the lobby because they are arbitrary: the numbers of rows and of pings, which side of a pair is
// 0, and the aliases, which the driver reads from the rows (see learn).
type Model struct {
	now       chat.Time
	Sessions  []*Session // every session with a row or a socket, the oldest first
	places    int        // the last place given
	chats     int        // the last chat begun
	pings     uint64
	Batch     uint64
	Committed uint64
	Stopped   bool
	Before    int                          // the last chat from before this epoch
	Mail      []Entry                      // in the mailboxes, or on the way there
	Wrote     bool                         // this step changed a row
	Posted    bool                         // … or a mailbox
	Said      map[chat.ConnID][]chat.Event // the events of this step, by socket

	Sight func(chat.ConnID) chat.Sight // what a socket knows
}

// Durable is the contents of a row.
type Durable struct {
	Hash      chat.Hash
	Resumable bool
	Row       bool // it has one; only after its first search
	Created   chat.Time
	Away      chat.Time // 0: it has a socket
	Ended     chat.Time
	Place     int // 0: not waiting
	Queued    chat.Time
	Chat      int // 0: not paired
	Alias     chat.Alias
	Matched   chat.Time
}

// Session is one session.
type Session struct {
	Durable
	Changed uint64 // the batch of its last change

	Conn   chat.ConnID
	active chat.Time
	until  chat.Time     // away: the end of its window
	hidden chat.Time     // away: when its partner is told; 0: it was, or need not be
	nap    time.Duration // the sleep announced; below 0: none
	typing bool          // its client shows that the partner is typing

	matching

	pinged bool // the fields below count
	pulse

	out numbers // to the current partner
}

func (m *Model) Partner(w *Session) *Session {
	for _, p := range m.Sessions {
		if p != w && p.Chat != 0 && p.Chat == w.Chat {
			return p
		}
	}
	return nil
}

func (m *Model) At(c chat.ConnID) *Session {
	for _, w := range m.Sessions {
		if c != 0 && w.Conn == c {
			return w
		}
	}
	return nil
}

func (m *Model) Named(h chat.Hash) *Session {
	for _, w := range m.Sessions {
		if w.Hash == h {
			return w
		}
	}
	return nil
}

// InMemory reports whether the server keeps w in memory.
func (w *Session) InMemory() bool { return w.Conn != 0 || w.Place != 0 || w.Chat != 0 }

func (m *Model) say(w *Session, e chat.Event) {
	if w.Conn != 0 {
		m.Said[w.Conn] = append(m.Said[w.Conn], e)
	}
}

func (m *Model) Drop(w *Session) {
	m.Sessions = slices.DeleteFunc(m.Sessions, func(x *Session) bool { return x == w })
}

// Step runs one command; nil: the batches up to committed have reached the disk.
func (m *Model) Step(now chat.Time, c *chat.Command) {
	m.now, m.Said, m.Wrote, m.Posted = now, make(map[chat.ConnID][]chat.Event), false, false
	switch {
	case m.Stopped:
		return
	case c == nil:
		m.commits()
		return
	}
	before := m.rows()
	w := m.At(c.Conn)
	in := 0
	if w != nil {
		in = w.Chat
	}
	if c.Op != chat.Stop {
		m.windows()
	}
	switch {
	case w != nil && c.Op == chat.Send && w.Chat != in: // it crossed a match
	case c.Op == chat.Attach:
		m.attach(c.Conn, c.Auth)
	case c.Op == chat.Tick:
		m.tick()
	case c.Op == chat.Stop:
		m.stop()
	case w != nil:
		probed := w.probed
		w.probed = false
		m.command(w, c)
		if c.Op != chat.Detach {
			m.heard(w, probed)
		}
	}
	m.note(before)
}

// rows copies the durable state.
func (m *Model) rows() map[*Session]Durable {
	all := make(map[*Session]Durable, len(m.Sessions))
	for _, w := range m.Sessions {
		all[w] = w.Durable
	}
	return all
}

// note records whose row has changed or was deleted: their events wait for this batch.
func (m *Model) note(before map[*Session]Durable) {
	m.Wrote = false
	changed := func(w *Session) { w.Changed, m.Wrote = m.Batch, true }
	for _, w := range m.Sessions {
		if w.Row && before[w] != w.Durable {
			changed(w)
		}
		delete(before, w)
	}
	for w, row := range before {
		if row.Row {
			changed(w)
		}
	}
}

// Queue lists the waiting sessions, the oldest first.
func (m *Model) Queue() []*Session {
	var q []*Session
	for _, w := range m.Sessions {
		if w.Place != 0 {
			q = append(q, w)
		}
	}
	slices.SortFunc(q, func(a, b *Session) int { return a.Place - b.Place })
	return q
}

// Restart starts over from the rows and mailbox entries on disk.
func (m *Model) Restart(now chat.Time, rows []Durable, mail []Entry) {
	*m = Model{
		now: now, Batch: 1, places: m.places, chats: m.chats, Before: min(m.Before, m.chats), Sight: m.Sight,
		Said: make(map[chat.ConnID][]chat.Event),
	}
	for _, l := range mail {
		l.Batch = 0
		m.Mail = append(m.Mail, l)
	}
	for _, d := range rows {
		if d.Away == 0 {
			d.Away = now
		}
		w := &Session{Durable: d, nap: -1, until: now + 120_000}
		w.since = -1 << 60
		if d.Place != 0 {
			w.until = now + 30_000
		}
		m.Sessions = append(m.Sessions, w)
	}
	for _, w := range m.Sessions {
		for _, l := range m.Mail {
			if p := m.Partner(w); p != nil && l.To == p.Hash && l.chat == p.Chat {
				w.out.last, w.out.held = max(w.out.last, l.N), max(w.out.held, l.N)
			}
		}
	}
	before := m.rows()
	for _, w := range slices.Clone(m.Sessions) {
		if !w.Resumable {
			m.end(w)
		}
	}
	m.note(before)
}
