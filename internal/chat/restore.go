package chat

import (
	"cmp"
	"fmt"
	"slices"
)

// Load fills an empty lobby with the sessions that were waiting or paired, as the server starts to listen: every session
// is away and every window starts over. Only the message numbers of mailbox entries are known. Legacy clients cannot
// resume, so their rows are deleted and their partners are queued; these changes are part of the first batch.
func (l *Lobby) Load(now Moment, saved Saved) error {
	l.now, l.wall, l.mail.bytes, l.rows = now.Server, now.Wall, saved.MailBytes, saved.Rows
	records := saved.Records
	pairs := make(map[PairID]*session, len(records)/2)
	all := make([]*session, 0, len(records))
	for _, r := range records {
		s := &session{index: -1, Record: r, onDisk: true, since: longAgo}
		if l.sessions[r.Hash] != nil || r.State() == Idle {
			return fmt.Errorf("restore session %s: duplicate, or neither waiting nor paired", r.Hash)
		}
		l.sessions[r.Hash] = s
		all = append(all, s)
		if r.Pair == 0 {
			continue
		}
		p := pairs[r.Pair]
		switch {
		case p == nil:
			pairs[r.Pair] = s
		case p.partner != nil || p.Side == s.Side:
			return fmt.Errorf("restore pair %d: more than two sides", r.Pair)
		default:
			s.partner, p.partner = p, s
		}
	}
	for _, s := range all {
		if s.Pair != 0 && s.partner == nil {
			return fmt.Errorf("restore pair %d: only one side", s.Pair)
		}
	}
	mail := make(map[ID][]Held)
	for _, h := range saved.Mail {
		mail[h.To] = append(mail[h.To], h)
	}
	for _, s := range all {
		if s.Pair != 0 {
			s.out = &flow{}
		}
		s.mail = openMailbox(mail[s.ID])
	}
	for _, s := range all {
		if s.mail == nil || s.Pair == 0 {
			continue
		}
		if s.tail() {
			return fmt.Errorf("restore session %s: in a chat, but has mailbox entries of another", s.Hash)
		}
		n := s.mail.last()
		s.partner.out = &flow{last: n, top: n, held: n}
	}
	for _, s := range all {
		s.until = l.now.Add(l.cfg.ChatWindow)
		if s.Place != 0 {
			s.until = l.now.Add(l.cfg.QueueWindow)
		}
		l.schedule(s)
	}
	for _, s := range all {
		if !s.Resumable {
			l.end(s, CauseLeft)
		}
	}
	l.facts = nil // nothing listens yet
	return nil
}

// Records returns the durable part of every session in memory that has one, by ID.
func (l *Lobby) Records() []Record {
	var all []Record
	for _, s := range l.sessions {
		if s.onDisk || s.dirty {
			all = append(all, s.Record)
		}
	}
	slices.SortFunc(all, func(a, b Record) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Mail returns the mailbox entries of every session in memory, without bodies, by To and N.
func (l *Lobby) Mail() []Held {
	var all []Held
	for _, s := range l.sessions {
		if s.mail == nil {
			continue
		}
		for _, m := range s.mail.entries {
			all = append(all, Held{To: s.ID, Pair: s.mail.pair, From: s.mail.from, N: m.n, Size: m.size})
		}
	}
	slices.SortFunc(all, func(a, b Held) int { return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(a.N, b.N)) })
	return all
}
