package duel

import (
	"fmt"
	"slices"

	"chatme/internal/chat"
	"chatme/internal/chat/model"
	"chatme/internal/chat/rig"
)

// sameMail compares the mailbox entries on a disk with the model's, and describes any difference.
func (d *Duel) sameMail(on rig.Disk) string {
	type key struct {
		to   chat.ID
		from chat.Alias
		n    uint64
	}
	want := make(map[key]model.Entry)
	for _, l := range d.m.Mail {
		want[key{d.ids[l.To], l.From, l.N}] = l
	}
	if len(want) != len(d.m.Mail) {
		return "the model holds an entry twice"
	}
	for at, m := range on.Mail {
		l, ok := want[key{m.To, m.From, m.N}]
		switch {
		case !ok:
			return fmt.Sprintf("unexpected entry %d from %s to %d: %q", m.N, m.From, m.To, m.Text)
		case at.Pair != d.pairs[m.From] || m.Key != chat.MailKey(l.To):
			return fmt.Sprintf("entry %d from %s is in the mailbox of chat %d, sealed to %x", m.N, m.From, at.Pair, m.Key[:8])
		case m.Text != l.Text || m.Image != l.Image || m.At != l.At:
			return fmt.Sprintf("entry %d from %s is %q at %s, want %q at %s", m.N, m.From, m.Text, rig.Since(m.At), l.Text, rig.Since(l.At))
		}
	}
	if len(on.Mail) < len(want) {
		for _, l := range d.m.Mail {
			if _, ok := on.Mail[rig.Place{To: d.ids[l.To], Pair: d.pairs[l.From], N: l.N}]; !ok {
				return fmt.Sprintf("entry %d from %s to %s is missing: %q", l.N, l.From, l.To, l.Text)
			}
		}
	}
	return ""
}

// posted is the batch of the last entry that e replays.
func (d *Duel) posted(e chat.Event) uint64 {
	last := uint64(0)
	for _, l := range d.m.Mail {
		if e.Kind == chat.Replay && d.ids[l.To] == e.Mail.To && l.From == e.Mail.Alias && l.N > e.Mail.After && l.N <= e.Mail.UpTo {
			last = max(last, l.Batch)
		}
	}
	return last
}

// lastAcks keeps only the last ack of each socket from the events of commits: how many come before it may differ.
func (d *Duel) lastAcks(events []chat.Event) []chat.Event {
	var last []chat.Event
	for _, e := range events {
		i := slices.IndexFunc(last, func(o chat.Event) bool { return o.Conn == e.Conn })
		switch {
		case e.Kind != chat.Acked || i >= 0 && last[i].Recv > e.Recv:
			d.failf("a commit tells socket %d %s", e.Conn, rig.Describe(e))
		case i >= 0:
			last[i] = e
		default:
			last = append(last, e)
		}
	}
	return last
}

// order: the messages that a socket receives in a chat have rising numbers, and were sent in that chat.
func (d *Duel) order(conn chat.ConnID, e chat.Event) {
	switch e.Kind {
	case chat.Matched:
		d.heard[conn] = 0
	case chat.Message, chat.Gap:
		if e.N != 0 && e.N <= d.heard[conn] {
			d.failf("socket %d hears %s after number %d", conn, rig.Describe(e), d.heard[conn])
		}
		d.heard[conn] = max(d.heard[conn], e.N)
	}
	if e.Kind == chat.Message && chatOf(e.Text) != d.chats[e.Alias] {
		d.failf("L8: %q arrives in chat %d", e.Text, d.chats[e.Alias])
	}
}

// chatOf reads the chat that a body is meant for.
func chatOf(text string) int {
	n := 0
	_, _ = fmt.Sscanf(text, "%d ", &n)
	return n
}
