package duel

import (
	"chatme/internal/chat"
	"chatme/internal/chat/model"
	"chatme/internal/chat/rig"
)

// sameEvents compares the events of every socket, in order.
func (d *Duel) sameEvents(events []chat.Event) {
	heard := make(map[chat.ConnID][]chat.Event)
	for _, e := range events {
		heard[e.Conn] = append(heard[e.Conn], e)
	}
	for conn, want := range d.m.Said {
		d.m.Numbered(conn, heard[conn])
		for i, e := range want {
			if i >= len(heard[conn]) {
				d.failf("socket %d should hear %s", conn, rig.Describe(e))
			}
			if !alike(heard[conn][i], e) {
				d.failf("socket %d hears %s, should hear %s", conn, rig.Describe(heard[conn][i]), rig.Describe(e))
			}
		}
	}
	for conn, got := range heard {
		if n := len(d.m.Said[conn]); len(got) > n {
			d.failf("socket %d should not hear %s", conn, rig.Describe(got[n]))
		}
	}
}

// alike compares two events. The reason of a close may differ.
func alike(a, b chat.Event) bool {
	if (a.Resumed == nil) != (b.Resumed == nil) || a.Resumed != nil && *a.Resumed != *b.Resumed {
		return false
	}
	if (a.Mail == nil) != (b.Mail == nil) || a.Mail != nil && *a.Mail != *b.Mail {
		return false
	}
	a.Conn, a.After, a.Resumed, a.Mail = 0, 0, nil, nil
	b.Conn, b.After, b.Resumed, b.Mail = 0, 0, nil, nil
	return a == b
}

// laws checks the events without predicting them.
func (d *Duel) laws(events []chat.Event, sockets map[chat.ConnID]*model.Session) {
	for _, e := range events {
		w := sockets[e.Conn]
		if w == nil && e.Kind == chat.Close && e.CloseCode == chat.CloseImpossible {
			continue // it was never attached
		}
		if w == nil {
			d.failf("L7: fenced socket %d hears %s", e.Conn, rig.Describe(e))
		}
		first := max(w.Changed, d.posted(e))
		if p := d.m.Partner(w); p != nil && e.Kind == chat.PartnerAway {
			first = max(first, p.Changed)
		}
		switch {
		case e.After < first || e.After > rig.BatchOf(d.Lobby):
			d.failf("L4: %s waits for batch %d, and needs %d", rig.Describe(e), e.After, first)
		case !d.m.Wrote && e.After != first:
			d.failf("L10: %s waits for batch %d, and needs %d", rig.Describe(e), e.After, first)
		}
		largest := max(e.Recv, e.Delivered, e.Expect)
		if e.Kind != chat.Ping && e.Kind != chat.Probe {
			largest = max(largest, e.N)
		}
		if r := e.Resumed; r != nil {
			largest = max(r.Recv, r.Delivered, r.Last)
		}
		if largest > chat.MaxNumber {
			d.failf("%s tells a number that its client cannot say back", rig.Describe(e))
		}
		switch e.Kind {
		case chat.PartnerDisconnected, chat.Searching:
			if w.Conn != 0 && w.Place == 0 && w.Chat == 0 {
				d.failf("L9: %s hears %s without a place", w.Hash, rig.Describe(e))
			}
		case chat.Message:
			if chatOf(e.Text) != w.Chat {
				d.failf("L8: %q arrives in chat %d", e.Text, w.Chat)
			}
		}
	}
}

// wire is what a client learns from a frame that passed the gate.
func (d *Duel) wire(conn chat.ConnID, e chat.Event) {
	d.order(conn, e)
	c := d.driven[conn]
	if c == nil || c.conn != conn {
		return
	}
	switch e.Kind {
	case chat.Matched:
		c.alias, c.got, c.acked, c.n = e.Alias, 0, 0, 0
		c.aliases = append(c.aliases, e.Alias)
	case chat.Resumed:
		if e.Resumed.State == chat.ResumedMatched {
			if c.alias != e.Resumed.Alias {
				c.got = 0
			}
			c.alias, c.n, c.acked = e.Resumed.Alias, e.Resumed.Last, e.Resumed.Recv
			c.aliases = append(c.aliases, c.alias)
		}
	case chat.Message, chat.Gap:
		c.got = max(c.got, e.N)
	case chat.Acked:
		c.acked = max(c.acked, e.Recv)
	case chat.Error:
		if (e.Code == chat.ErrUnavailable || e.Code == chat.ErrMailboxFull) && e.N > 0 {
			c.n = e.N - 1
		}
	case chat.Close:
		if e.CloseCode == chat.CloseImpossible {
			c.ghosts, c.conn = append(c.ghosts, c.conn), 0
		}
	case chat.Ping, chat.Probe:
		c.ping = e.N
	case chat.ResumeFailed:
		c.hash = c.fresh
	}
}
