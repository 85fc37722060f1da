package hub

import (
	"time"

	"chatme/internal/chat"
	"chatme/internal/tail"
)

// slowCommit is how long a commit may take before an operator who watches hears of it: hundreds of times what a healthy
// disk needs.
const slowCommit = 250 * time.Millisecond

// publish tells those who watch what has happened.
func (h *Hub) publish(facts []chat.Fact) {
	for i := range facts {
		h.cfg.Tail.Publish(eventOf(&facts[i]))
	}
}

// eventOf is f as those who watch hear it.
func eventOf(f *chat.Fact) tail.Event {
	e := tail.Event{Session: f.Session, With: f.With, MS: int64(f.Took), Count: int64(f.Count)}
	switch f.Kind {
	case chat.FactAttached:
		e.Type, e.Conn, e.Kind = tail.Auth, uint64(f.Conn), "old"
		if f.Resumable {
			e.Kind = "resumable"
		}
	case chat.FactResumed:
		e.Type, e.What = tail.Resumed, f.State
	case chat.FactRefused:
		e.Type, e.Failed, e.Reason = tail.Resumed, true, string(f.Code)
	case chat.FactSearched:
		e.Type = tail.Search
	case chat.FactMatched:
		e.Type = tail.Matched
	case chat.FactRelayed:
		e.Type, e.What, e.Kind, e.Bytes = tail.Message, "relayed", kindOf(f), int64(f.Text+f.Image)
	case chat.FactHeld:
		e.Type, e.What, e.Kind, e.Bytes = tail.Message, "held", kindOf(f), int64(f.Text+f.Image)
	case chat.FactAway:
		e.Type, e.What = tail.Away, f.State
	case chat.FactBack:
		e.Type = tail.Back
	case chat.FactEnded:
		e.Type, e.What = tail.Ended, causes[f.Cause]
	case chat.FactErred:
		e.Type, e.Failed, e.Reason = tail.Error, true, string(f.Code)
	case chat.FactKicked:
		e.Type = tail.Kick
	}
	return e
}

// kindOf says what is in a message.
func kindOf(f *chat.Fact) string {
	switch {
	case f.Text > 0 && f.Image > 0:
		return "text and image"
	case f.Image > 0:
		return "image"
	}
	return "text"
}

var causes = map[chat.Cause]string{
	chat.CauseNext: "next", chat.CauseEnd: "end_chat", chat.CauseLeft: "left", chat.CauseAway: "stayed away",
	chat.CauseMailboxFull: "mailbox full", chat.CauseKicked: "kicked",
}

// publishCommit tells of a try to commit that took too long.
func (h *Hub) publishCommit(took time.Duration, rows int) {
	if took >= slowCommit && h.cfg.Tail.Active() {
		h.cfg.Tail.Publish(tail.Event{Type: tail.Commit, Failed: true, What: "slow", MS: took.Milliseconds(), Count: int64(rows)})
	}
}
