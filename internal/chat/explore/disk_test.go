package explore

import (
	"cmp"
	"slices"

	"chatme/internal/chat"
)

// medium is the state of the disk after the committed batches.
type medium struct {
	boot    uint64
	epoch   int
	since   uint64           // the boot that began it
	rows    []chat.Record    // by rising ID
	entries []chat.MailEntry // in the order they were written
}

func (d *medium) copy() medium {
	c := *d
	c.rows, c.entries = slices.Clone(d.rows), slices.Clone(d.entries)
	return c
}

func (d *medium) apply(b *chat.Batch, bug breakage) {
	for _, c := range b.Changes {
		at, ok := slices.BinarySearchFunc(d.rows, c.ID, func(r chat.Record, id chat.ID) int { return cmp.Compare(r.ID, id) })
		switch {
		case c.Deleted && ok:
			d.rows = slices.Delete(d.rows, at, at+1)
			d.entries = slices.DeleteFunc(d.entries, func(m chat.MailEntry) bool { return m.To == c.ID })
		case c.Deleted, bug == firstRowsLost:
		case ok:
			d.rows[at] = c.Record
		default:
			d.rows = slices.Insert(d.rows, at, c.Record)
		}
	}
	if bug != entriesLost {
		d.entries = append(d.entries, b.Entries...)
	}
	for _, r := range b.MailAcks {
		d.entries = slices.DeleteFunc(d.entries, func(m chat.MailEntry) bool {
			return bug != mailAcksLost && m.To == r.To && m.Pair == r.Pair && m.N <= r.UpTo
		})
	}
}

// entry returns one entry of a mailbox; nil if there is none.
func (d *medium) entry(to chat.ID, pair chat.PairID, n uint64) *chat.MailEntry {
	for i := range d.entries {
		if m := &d.entries[i]; m.To == to && m.Pair == pair && m.N == n {
			return m
		}
	}
	return nil
}

// mail lists the mailbox entries of a session, by rising chat and number.
func (d *medium) mail(to chat.ID) []chat.Held {
	var all []chat.Held
	for i := range d.entries {
		if m := &d.entries[i]; m.To == to {
			all = append(all, chat.Held{To: to, Pair: m.Pair, From: m.From, N: m.N, Size: entrySize(m)})
		}
	}
	slices.SortFunc(all, func(a, b chat.Held) int { return cmp.Or(cmp.Compare(a.Pair, b.Pair), cmp.Compare(a.N, b.N)) })
	return all
}

func entrySize(m *chat.MailEntry) int { return 256 + len(m.Text) + len(m.Image) }

func (d *medium) bytes() (sum int64) {
	for i := range d.entries {
		sum += int64(entrySize(&d.entries[i]))
	}
	return sum
}

// row finds a session by its hash or, if that is zero, by its ID.
func (d *medium) row(h chat.Hash, id chat.ID) *chat.Record {
	for i := range d.rows {
		if r := &d.rows[i]; r.Hash == h || h == (chat.Hash{}) && r.ID == id {
			return r
		}
	}
	return nil
}
