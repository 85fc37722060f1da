package chat_test

import (
	"cmp"
	"maps"
	"slices"

	"chatme/internal/chat"
)

// disk is the store: the rows and mailbox entries of every committed batch.
type disk struct {
	rows map[chat.ID]chat.Record
	mail map[place]chat.MailEntry
}

// place is where a mailbox entry is found.
type place struct {
	to   chat.ID
	pair chat.PairID
	n    uint64
}

func (d disk) clone() disk { return disk{maps.Clone(d.rows), maps.Clone(d.mail)} }

// apply is one transaction.
func (d disk) apply(b *chat.Batch) {
	for _, c := range b.Changes {
		if !c.Deleted {
			d.rows[c.ID] = c.Record
			continue
		}
		delete(d.rows, c.ID)
		maps.DeleteFunc(d.mail, func(p place, _ chat.MailEntry) bool { return p.to == c.ID })
	}
	for _, m := range b.Entries {
		d.mail[place{m.To, m.Pair, m.N}] = m
	}
	for _, r := range b.MailAcks {
		maps.DeleteFunc(d.mail, func(p place, _ chat.MailEntry) bool { return p.to == r.To && p.pair == r.Pair && p.n <= r.UpTo })
	}
}

// load is what a start does: sessions that were attached are away from now on, and waiting or paired sessions are read.
func (d disk) load(now chat.Time) chat.Saved {
	var saved chat.Saved
	for _, id := range slices.Sorted(maps.Keys(d.rows)) {
		row := d.rows[id]
		if row.AwaySince == 0 {
			row.AwaySince = now
			d.rows[id] = row
		}
		mail := d.held(id)
		for _, h := range mail {
			saved.MailBytes += int64(h.Size)
		}
		if row.State() != chat.Idle {
			saved.Records = append(saved.Records, row)
			saved.Mail = append(saved.Mail, mail...)
		}
	}
	return saved
}

// held lists the mailbox entries of one session.
func (d disk) held(to chat.ID) []chat.Held {
	var all []chat.Held
	for p, m := range d.mail {
		if p.to == to {
			all = append(all, chat.Held{To: to, Pair: p.pair, From: m.From, N: p.n, Size: 256 + len(m.Text) + len(m.Image)})
		}
	}
	slices.SortFunc(all, func(a, b chat.Held) int { return cmp.Or(cmp.Compare(a.Pair, b.Pair), cmp.Compare(a.N, b.N)) })
	return all
}

func (d disk) find(h chat.Hash) *chat.Found {
	for _, row := range d.rows {
		if row.Hash == h {
			return &chat.Found{Record: row, Mail: d.held(row.ID)}
		}
	}
	return nil
}

// replay is what a recipient is sent for a range: messages, and a gap wherever there is none.
func (d disk) replay(r *chat.MailRange) []chat.Event {
	var all []chat.Event
	gap := uint64(0)
	for n := r.After + 1; n <= r.UpTo; n++ {
		m := d.mail[place{r.To, r.Pair, n}]
		e := m.Event()
		if e.Kind == chat.Gap {
			gap = n
			continue
		}
		if gap != 0 {
			all = append(all, chat.Event{Kind: chat.Gap, N: gap})
			gap = 0
		}
		all = append(all, e)
	}
	if gap != 0 {
		all = append(all, chat.Event{Kind: chat.Gap, N: gap})
	}
	return all
}
