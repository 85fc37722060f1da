package chat_test

import (
	"slices"
	"time"

	"chatme/internal/chat"
)

// model is a second implementation of the protocol: slices, linear scans, one obvious step after the other, and none of
// the lobby's code. It predicts the state of every session and every event after each command.
//
// It leaves four things to the lobby because they are arbitrary: the numbers of rows and of pings, which side of a pair is
// 0, and the aliases, which the driver reads from the rows (see learn).
type model struct {
	now       chat.Time
	people    []*who // every session with a row or a socket, the oldest first
	places    int    // the last place given
	chats     int    // the last chat begun
	pings     uint64
	batch     uint64
	committed uint64
	stopped   bool
	before    int                          // the last chat from before this epoch
	mail      []letter                     // in the mailboxes, or on the way there
	came      []*who                       // sessions that this step may have brought to the queue
	wrote     bool                         // this step changed a row
	posted    bool                         // … or a mailbox
	said      map[chat.ConnID][]chat.Event // the events of this step, by socket

	sight func(chat.ConnID) chat.Sight // what a socket knows
}

// durable is the contents of a row.
type durable struct {
	hash      chat.Hash
	resumable bool
	row       bool // it has one; a legacy client only after its first search
	created   chat.Time
	away      chat.Time // 0: it has a socket
	ended     chat.Time
	place     int // 0: not waiting
	queued    chat.Time
	chat      int // 0: not paired
	alias     chat.Alias
	matched   chat.Time
}

// who is one session.
type who struct {
	durable
	changed uint64 // the batch of its last change

	conn   chat.ConnID
	active chat.Time
	until  chat.Time     // away: the end of its window
	nap    time.Duration // the sleep announced; below 0: none
	typing bool          // its client shows that the partner is typing

	former chat.Hash // the last partner, and when that chat ended
	parted chat.Time
	again  bool // … and a tick has checked whether they may meet again

	pinged bool // the fields below count
	beat

	out numbers // to the current partner
}

func (m *model) partner(w *who) *who {
	for _, p := range m.people {
		if p != w && p.chat != 0 && p.chat == w.chat {
			return p
		}
	}
	return nil
}

func (m *model) at(c chat.ConnID) *who {
	for _, w := range m.people {
		if c != 0 && w.conn == c {
			return w
		}
	}
	return nil
}

func (m *model) named(h chat.Hash) *who {
	for _, w := range m.people {
		if w.hash == h {
			return w
		}
	}
	return nil
}

// inMemory reports whether the server keeps w in memory.
func (w *who) inMemory() bool { return w.conn != 0 || w.place != 0 || w.chat != 0 }

func (m *model) say(w *who, e chat.Event) {
	if w.conn != 0 {
		m.said[w.conn] = append(m.said[w.conn], e)
	}
}

func (m *model) drop(w *who) {
	m.people = slices.DeleteFunc(m.people, func(x *who) bool { return x == w })
}

// step runs one command; nil: the batches up to committed have reached the disk.
func (m *model) step(now chat.Time, c *chat.Command) {
	m.now, m.came, m.said, m.wrote, m.posted = now, nil, make(map[chat.ConnID][]chat.Event), false, false
	switch {
	case m.stopped:
		return
	case c == nil:
		m.commits()
		return
	}
	before := m.rows()
	w := m.at(c.Conn)
	switch {
	case c.Op == chat.Attach:
		m.attach(c.Conn, c.Auth)
	case c.Op == chat.Tick:
		m.tick()
	case c.Op == chat.Stop:
		m.stop()
	case w != nil:
		w.probed = false
		m.command(w, c)
		if c.Op != chat.Detach {
			m.heard(w)
		}
	}
	m.matchAll()
	m.note(before)
}

// rows copies the durable state.
func (m *model) rows() map[*who]durable {
	all := make(map[*who]durable, len(m.people))
	for _, w := range m.people {
		all[w] = w.durable
	}
	return all
}

// note records whose row has changed or was deleted: their events wait for this batch.
func (m *model) note(before map[*who]durable) {
	m.wrote = false
	changed := func(w *who) { w.changed, m.wrote = m.batch, true }
	for _, w := range m.people {
		if w.row && before[w] != w.durable {
			changed(w)
		}
		delete(before, w)
	}
	for w, row := range before {
		if row.row {
			changed(w)
		}
	}
}

// queue lists the waiting sessions, the oldest first.
func (m *model) queue() []*who {
	var q []*who
	for _, w := range m.people {
		if w.place != 0 {
			q = append(q, w)
		}
	}
	slices.SortFunc(q, func(a, b *who) int { return a.place - b.place })
	return q
}

// restart starts over from the rows and mailbox entries on disk.
func (m *model) restart(now chat.Time, rows []durable, mail []letter) {
	*m = model{
		now: now, batch: 1, places: m.places, chats: m.chats, before: min(m.before, m.chats), sight: m.sight,
		said: make(map[chat.ConnID][]chat.Event),
	}
	for _, l := range mail {
		l.batch = 0
		m.mail = append(m.mail, l)
	}
	for _, d := range rows {
		if d.away == 0 {
			d.away = now
		}
		w := &who{durable: d, nap: -1, until: now + 120_000}
		if d.place != 0 {
			w.until = now + 30_000
		}
		m.people = append(m.people, w)
	}
	for _, w := range m.people {
		for _, l := range m.mail {
			if p := m.partner(w); p != nil && l.to == p.hash && l.chat == p.chat {
				w.out.last, w.out.held = max(w.out.last, l.n), max(w.out.held, l.n)
			}
		}
	}
	before := m.rows()
	for _, w := range slices.Clone(m.people) {
		if !w.resumable {
			m.end(w)
		}
	}
	m.note(before)
}
