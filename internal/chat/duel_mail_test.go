package chat_test

import (
	"fmt"
	"slices"

	"chatme/internal/chat"
)

// sameMail compares the mailbox entries on a disk with the model's, and describes any difference.
func (d *duel) sameMail(on disk) string {
	type key struct {
		to   chat.ID
		from chat.Alias
		n    uint64
	}
	want := make(map[key]letter)
	for _, l := range d.m.mail {
		want[key{d.ids[l.to], l.from, l.n}] = l
	}
	if len(want) != len(d.m.mail) {
		return "the model holds a letter twice"
	}
	for at, m := range on.mail {
		l, ok := want[key{m.To, m.From, m.N}]
		switch {
		case !ok:
			return fmt.Sprintf("unexpected entry %d from %s to %d: %q", m.N, m.From, m.To, m.Text)
		case at.pair != d.pairs[m.From] || m.Key != chat.MailKey(l.to):
			return fmt.Sprintf("entry %d from %s is in the mailbox of chat %d, sealed to %x", m.N, m.From, at.pair, m.Key[:8])
		case m.Text != l.text || m.Image != l.image || m.At != l.at:
			return fmt.Sprintf("entry %d from %s is %q at %s, want %q at %s", m.N, m.From, m.Text, since(m.At), l.text, since(l.at))
		}
	}
	if len(on.mail) < len(want) {
		for _, l := range d.m.mail {
			if _, ok := on.mail[place{d.ids[l.to], d.pairs[l.from], l.n}]; !ok {
				return fmt.Sprintf("entry %d from %s to %s is missing: %q", l.n, l.from, l.to, l.text)
			}
		}
	}
	return ""
}

// posted is the batch of the last entry that e replays.
func (d *duel) posted(e chat.Event) uint64 {
	last := uint64(0)
	for _, l := range d.m.mail {
		if e.Kind == chat.Replay && d.ids[l.to] == e.Mail.To && l.from == e.Mail.Alias && l.n > e.Mail.After && l.n <= e.Mail.UpTo {
			last = max(last, l.batch)
		}
	}
	return last
}

// lastAcks keeps only the last ack of each socket from the events of commits: how many come before it may differ.
func (d *duel) lastAcks(events []chat.Event) []chat.Event {
	var last []chat.Event
	for _, e := range events {
		i := slices.IndexFunc(last, func(o chat.Event) bool { return o.Conn == e.Conn })
		switch {
		case e.Kind != chat.Acked || i >= 0 && last[i].Recv > e.Recv:
			d.failf("a commit tells socket %d %s", e.Conn, describe(e))
		case i >= 0:
			last[i] = e
		default:
			last = append(last, e)
		}
	}
	return last
}

// order: the messages that a socket receives in a chat have rising numbers, and were sent in that chat.
func (d *duel) order(conn chat.ConnID, e chat.Event) {
	switch e.Kind {
	case chat.Matched:
		d.heard[conn] = 0
	case chat.Message, chat.Gap:
		if e.N != 0 && e.N <= d.heard[conn] {
			d.failf("socket %d hears %s after number %d", conn, describe(e), d.heard[conn])
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
