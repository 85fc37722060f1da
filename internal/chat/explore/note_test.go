package explore

import (
	"fmt"
	"strconv"
	"strings"

	"chatme/internal/chat"
	"chatme/internal/chat/rig"
)

// The log of a world is a golden script: its commands, and the events of the lobby. Actions that scripts do not have are
// logged as comments.

func (w *world) note(format string, a ...any) {
	if w.log != nil {
		fmt.Fprintf(w.log, format+"\n", a...)
	}
}

// label names a socket as scripts do: by the order in which a guest's sockets were attached.
func (w *world) label(c chat.ConnID) string {
	name, k := "", 0
	for _, at := range w.attached {
		if at.conn == c {
			name = w.guests[at.guest].name()
		}
	}
	for _, at := range w.attached {
		if w.guests[at.guest].name() == name && at.conn <= c {
			k++
		}
	}
	if k > 1 {
		name += "." + strconv.Itoa(k)
	}
	return name
}

// speaker names a socket in a command: without its number if it is the newest.
func (w *world) speaker(s *socket) string {
	for i := len(w.attached) - 1; i >= 0; i-- {
		if at := w.attached[i]; at.guest != s.guest {
			continue
		} else if at.conn == s.conn {
			return w.guests[s.guest].name()
		}
		break
	}
	if name := w.label(s.conn); strings.Contains(name, ".") {
		return name
	}
	return w.guests[s.guest].name() + ".1"
}

func (w *world) noteAttach(s *socket, a *chat.Auth) {
	if w.log == nil {
		return
	}
	w.attached = append(w.attached, attached{s.conn, s.guest})
	who := w.guests[s.guest].name()
	switch {
	case !a.Resumable:
		w.note("%s: attach old", who)
	case a.Resume == nil:
		w.note("%s: attach new", who)
	default:
		line := who + ": resume"
		if a.Resume.Partner != "" {
			line += fmt.Sprintf(" partner=%s got=%d acked=%d", a.Resume.Partner, a.Resume.Got, a.Resume.Acked)
		}
		if a.Resume.Epoch != "e1" {
			line += " epoch=" + a.Resume.Epoch
		}
		w.note("%s", line)
	}
}

func (w *world) noteCommand(s *socket, c *chat.Command) {
	if w.log == nil {
		return
	}
	line := w.speaker(s) + ": "
	switch c.Op {
	case chat.Search:
		line += "search"
	case chat.Send:
		line += "send " + strconv.Quote(c.Text)
		if c.N != 0 {
			line += fmt.Sprintf(" n=%d", c.N)
		}
		if c.Refused != "" {
			line += " refused=" + string(c.Refused)
		}
	case chat.Ack:
		line += fmt.Sprintf("ack got=%d", c.Got)
	case chat.Sleep:
		line += "sleep " + c.For.String()
	case chat.End:
		line += "end"
	case chat.Pong:
		line += fmt.Sprintf("pong n=%d", c.N)
	case chat.Detach:
		line += "detach"
		if c.Leaves {
			line += " 1000"
		}
	}
	if c.Partner != "" {
		line += " partner=" + string(c.Partner)
	}
	w.note("%s", line)
}

func (w *world) noteEvent(e chat.Event) {
	if w.log == nil {
		return
	}
	line := rig.Describe(e)
	if e.Kind == chat.Replay {
		line = fmt.Sprintf("replay %s %d to %d", e.Mail.Alias, e.Mail.After+1, e.Mail.UpTo)
	}
	if e.After > w.committed {
		line += fmt.Sprintf(" @%d", e.After)
	}
	w.note("\t%s: %s", w.label(e.Conn), line)
}

func (w *world) noteBatch(b *chat.Batch) {
	if w.log == nil {
		return
	}
	w.note("\tbatch %d", b.N)
	for _, c := range b.Changes {
		if c.Deleted {
			w.note("\t  %s deleted", w.mailbox(c.ID))
		} else {
			w.note("\t  %s %s", string(rune(c.Hash[0])), rig.DescribeRow(c.Record))
		}
	}
	for _, m := range b.Entries {
		w.note("\t  entry to %s of %s %d %q", w.mailbox(m.To), m.From, m.N, m.Text)
	}
	for _, r := range b.MailAcks {
		w.note("\t  mail ack of %s up to %d", w.mailbox(r.To), r.UpTo)
	}
}

func (w *world) mailbox(id chat.ID) string {
	if r := w.disk.row(chat.Hash{}, id); r != nil {
		return string(rune(r.Hash[0]))
	}
	for _, r := range w.lobby.Records() {
		if r.ID == id {
			return string(rune(r.Hash[0]))
		}
	}
	return "?"
}

func (w *world) noteArrival(s *socket, e chat.Event) {
	if w.log == nil {
		return
	}
	line := strings.TrimSpace(rig.Describe(e))
	if w.guests[s.guest].conn != s.conn {
		line += ", and ignores it"
	}
	w.note("# %s hears %s", w.label(s.conn), line)
}
