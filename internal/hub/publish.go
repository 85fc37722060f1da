package hub

import (
	"time"

	"chatme/internal/chat"
	"chatme/internal/tail"
)

// slowCommit is how long a commit takes at least to be reported in the live tail: hundreds of times as long as a healthy
// disk needs.
const slowCommit = 250 * time.Millisecond

// publish sends facts to the live tail.
func (h *Hub) publish(facts []chat.Fact) {
	for i := range facts {
		h.cfg.Tail.Publish(eventOf(&facts[i]))
	}
}

// eventOf returns the tail event of f.
func eventOf(f *chat.Fact) tail.Event {
	e := tail.Event{Session: f.Session, With: f.With, Network: uint64(f.Network), MS: int64(f.Took), Count: int64(f.Count)}
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
	case chat.FactStanding:
		e.Type, e.What = tail.Standing, "no longer stands out"
		if f.StandsOut {
			e.What = "stands out"
		}
	case chat.FactErred:
		e.Type, e.Failed, e.Reason = tail.Error, true, string(f.Code)
	case chat.FactKicked:
		e.Type = tail.Kick
	}
	return e
}

// kindOf returns the kind of content in a message.
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

// publishCommit reports an attempt to commit that took too long.
func (h *Hub) publishCommit(took time.Duration, rows int) {
	if took >= slowCommit && h.cfg.Tail.Active() {
		h.cfg.Tail.Publish(tail.Event{Type: tail.Commit, Failed: true, What: "slow", MS: took.Milliseconds(), Count: int64(rows)})
	}
}
