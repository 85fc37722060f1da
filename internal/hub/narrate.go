package hub

import (
	"time"

	"chatme/internal/chat"
	"chatme/internal/tail"
)

// slowCommit is how long a commit may take before an operator who watches hears of it: hundreds of times what a healthy
// disk needs.
const slowCommit = 250 * time.Millisecond

// outset is how things stood before a step, as far as it takes to tell what the step has changed.
type outset struct {
	session   chat.Glance
	known     bool  // session is of the command's Conn, or of the session to be kicked
	unwritten int64 // bytes of letters
	overdue   []chat.Glance
}

// look notes how things stand before c at the moment now. The caller holds mu.
func (h *Hub) look(now chat.Time, c *chat.Command) {
	o := &h.before
	*o = outset{unwritten: h.lobby.Unwritten()}
	switch c.Op {
	case chat.Kick:
		o.session, o.known = h.lobby.GlanceOf(c.Auth.Resume.Hash)
	case chat.Tick:
		o.overdue = h.lobby.Overdue(now)
	default:
		o.session, o.known = h.lobby.Glance(c.Conn)
	}
}

// narrate publishes what c and the events it led to mean, to those who listen; look has been called before. The caller
// holds mu.
func (h *Hub) narrate(c *chat.Command, events []chat.Event) {
	o := &h.before
	switch c.Op {
	case chat.Attach:
		h.narrateAttach(c, events)
	case chat.Send:
		h.narrateSend(c, o, events)
	case chat.Kick:
		h.publish(tail.Event{Type: tail.Kick, Session: c.Auth.Resume.Hash})
	case chat.Tick:
		h.narrateOverdue(o.overdue)
	}
	if o.known {
		h.narrateChange(c, o)
	}
	waited := h.lobby.Waited()
	for i := range events {
		e := &events[i]
		g, _ := h.lobby.Glance(e.Conn)
		switch {
		case e.Kind == chat.Searching && c.Op == chat.Search:
			h.publish(tail.Event{Type: tail.Search, Session: g.Hash})
		case e.Kind == chat.Matched && i > 0 && events[i-1].Kind == chat.Matched && events[i-1].Conn != e.Conn && len(waited) > 1:
			// Both hear of a match, one after the other; of a match that is told again only one does.
			h.publish(tail.Event{Type: tail.Matched, Session: g.Partner, With: g.Hash, MS: int64(waited[0])})
			h.publish(tail.Event{Type: tail.Matched, Session: g.Hash, With: g.Partner, MS: int64(waited[1])})
			waited = waited[2:]
		case e.Kind == chat.Error:
			h.narrateError(g.Hash, e.Code)
		}
	}
}

// narrateAttach tells who has come, and who is back.
func (h *Hub) narrateAttach(c *chat.Command, events []chat.Event) {
	me, ok := h.lobby.Glance(c.Conn)
	if !ok {
		return // it claimed what cannot be
	}
	kind := "old"
	if me.Resumable {
		kind = "resumable"
	}
	h.publish(tail.Event{Type: tail.Auth, Session: me.Hash, Conn: uint64(c.Conn), Kind: kind})
	for i := range events {
		switch e := &events[i]; e.Kind {
		case chat.Resumed:
			h.publish(tail.Event{Type: tail.Resumed, Session: me.Hash, What: string(e.Resumed.State), MS: e.Resumed.AwayMs, Count: int64(e.Resumed.Replay)})
		case chat.ResumeFailed:
			h.publish(tail.Event{Type: tail.Resumed, Session: me.Hash, Failed: true, Reason: string(e.Code)})
		case chat.PartnerBack:
			h.publish(tail.Event{Type: tail.Back, Session: me.Hash, With: me.Partner})
		}
	}
}

// narrateSend tells of a message that was passed on, or is held.
func (h *Hub) narrateSend(c *chat.Command, o *outset, events []chat.Event) {
	e := tail.Event{Type: tail.Message, Session: o.session.Hash, With: o.session.Partner, Bytes: int64(len(c.Text) + len(c.Image))}
	switch {
	case c.Text != "" && c.Image != "":
		e.Kind = "text and image"
	case c.Image != "":
		e.Kind = "image"
	default:
		e.Kind = "text"
	}
	for i := range events {
		if events[i].Kind == chat.Message {
			e.What = "relayed"
		}
	}
	if h.lobby.Unwritten() > o.unwritten {
		e.What = "held"
	}
	if e.What != "" {
		h.publish(e)
	}
}

// narrateOverdue tells which chats are over because one side, or both, stayed away.
func (h *Hub) narrateOverdue(overdue []chat.Glance) {
	told := map[chat.Hash]bool{}
	for _, was := range overdue {
		is, still := h.lobby.GlanceOf(was.Hash)
		if (still && is.Partner == was.Partner) || told[was.Partner] {
			continue
		}
		told[was.Hash] = true
		h.publish(tail.Event{Type: tail.Ended, Session: was.Partner, With: was.Hash, What: "stayed away"})
	}
}

// narrateChange tells what has become of the session that c is of, and of its chat.
func (h *Hub) narrateChange(c *chat.Command, o *outset) {
	was := &o.session
	is, still := h.lobby.GlanceOf(was.Hash)
	if still && was.Here && !is.Here && c.Op == chat.Detach {
		h.publish(tail.Event{Type: tail.Away, Session: was.Hash, What: was.State.String()})
	}
	if was.Partner != (chat.Hash{}) && (!still || is.Partner != was.Partner) {
		h.publish(tail.Event{Type: tail.Ended, Session: was.Partner, With: was.Hash, What: endings[c.Op]})
	}
}

// endings says how a chat ends by a command.
var endings = map[chat.Op]string{
	chat.Search: "next", chat.End: "end_chat", chat.Detach: "left", chat.Kick: "kicked", chat.Send: "mailbox full",
}

func (h *Hub) narrateError(session chat.Hash, code chat.ErrorCode) {
	h.publish(tail.Event{Type: tail.Error, Session: session, Failed: true, Reason: string(code)})
}

// narrateCommit tells of a try to commit that took too long or, if that is news, failed or succeeded again.
func (h *Hub) narrateCommit(took time.Duration, rows int) {
	if took >= slowCommit && h.cfg.Tail.Active() {
		h.publish(tail.Event{Type: tail.Commit, Failed: true, What: "slow", MS: took.Milliseconds(), Count: int64(rows)})
	}
}

func (h *Hub) publish(e tail.Event) { h.cfg.Tail.Publish(e) }
