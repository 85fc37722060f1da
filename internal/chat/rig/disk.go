package rig

import (
	"cmp"
	"maps"
	"slices"

	"chatme/internal/chat"
)

// Disk is the store: the rows and mailbox entries of every committed batch.
type Disk struct {
	Rows map[chat.ID]chat.Record
	Mail map[Place]chat.MailEntry
}

// Place is where a mailbox entry is found.
type Place struct {
	To   chat.ID
	Pair chat.PairID
	N    uint64
}

func (d Disk) Clone() Disk { return Disk{maps.Clone(d.Rows), maps.Clone(d.Mail)} }

// Apply is one transaction.
func (d Disk) Apply(b *chat.Batch) {
	for _, c := range b.Changes {
		if !c.Deleted {
			d.Rows[c.ID] = c.Record
			continue
		}
		delete(d.Rows, c.ID)
		maps.DeleteFunc(d.Mail, func(p Place, _ chat.MailEntry) bool { return p.To == c.ID })
	}
	for _, m := range b.Entries {
		d.Mail[Place{m.To, m.Pair, m.N}] = m
	}
	for _, r := range b.MailAcks {
		maps.DeleteFunc(d.Mail, func(p Place, _ chat.MailEntry) bool { return p.To == r.To && p.Pair == r.Pair && p.N <= r.UpTo })
	}
}

// load is what a start does: sessions that were attached are away from now on, and waiting or paired sessions are read.
func (d Disk) load(now chat.Time) chat.Saved {
	saved := chat.Saved{Rows: len(d.Rows)}
	for _, id := range slices.Sorted(maps.Keys(d.Rows)) {
		row := d.Rows[id]
		if row.AwaySince == 0 {
			row.AwaySince = now
			d.Rows[id] = row
		}
		mail := d.Held(id)
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

// Held lists the mailbox entries of one session.
func (d Disk) Held(to chat.ID) []chat.Held {
	var all []chat.Held
	for p, m := range d.Mail {
		if p.To == to {
			all = append(all, chat.Held{To: to, Pair: p.Pair, From: m.From, N: p.N, Size: 256 + len(m.Text) + len(m.Image)})
		}
	}
	slices.SortFunc(all, func(a, b chat.Held) int { return cmp.Or(cmp.Compare(a.Pair, b.Pair), cmp.Compare(a.N, b.N)) })
	return all
}

func (d Disk) Find(h chat.Hash) *chat.Found {
	for _, row := range d.Rows {
		if row.Hash == h {
			return &chat.Found{Record: row, Mail: d.Held(row.ID)}
		}
	}
	return nil
}

// replay is what a recipient is sent for a range: messages, and a gap wherever there is none.
func (d Disk) replay(r *chat.MailRange) []chat.Event {
	var numbers []uint64 // of the messages; a range may be much longer
	for p, m := range d.Mail {
		if p.To == r.To && p.Pair == r.Pair && r.After < p.N && p.N <= r.UpTo && m.Event().Kind != chat.Gap {
			numbers = append(numbers, p.N)
		}
	}
	slices.Sort(numbers)
	var all []chat.Event
	last := r.After
	for _, n := range numbers {
		if n > last+1 {
			all = append(all, chat.Event{Kind: chat.Gap, N: n - 1})
		}
		m := d.Mail[Place{r.To, r.Pair, n}]
		all = append(all, m.Event())
		last = n
	}
	if last < r.UpTo {
		all = append(all, chat.Event{Kind: chat.Gap, N: r.UpTo})
	}
	return all
}
