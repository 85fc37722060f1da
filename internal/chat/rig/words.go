package rig

import (
	"fmt"
	"strings"
	"time"

	"chatme/internal/chat"
)

// words names the kinds of events as the wire does.
var words = map[chat.Kind]string{
	chat.AuthSuccess: "auth_success", chat.SessionID: "session_id", chat.Resumed: "resumed",
	chat.ResumeFailed: "resume_failed", chat.Searching: "searching", chat.Matched: "matched",
	chat.Message: "message", chat.TypingStart: "typing_start", chat.TypingStop: "typing_stop",
	chat.PartnerAway: "partner_away", chat.PartnerBack: "partner_back",
	chat.PartnerDisconnected: "partner_disconnected", chat.ChatEnded: "chat_ended", chat.Acked: "ack",
	chat.Gap: "gap", chat.Replay: "replay", chat.Error: "error", chat.Ping: "ping", chat.Probe: "probe", chat.Close: "close",
}

// Describe writes an event as one line: its name on the wire and the fields that count, times since the epoch.
func Describe(e chat.Event) string {
	s := words[e.Kind]
	switch e.Kind {
	case chat.Resumed:
		r := e.Resumed
		s += " " + string(r.State)
		if r.Alias != "" {
			s += " " + string(r.Alias)
		}
		if r.State == chat.ResumedMatched {
			s += map[bool]string{true: " here", false: " away"}[r.Here]
			s += fmt.Sprintf(" recv=%d delivered=%d last=%d", r.Recv, r.Delivered, r.Last)
		}
		if r.Replay != 0 {
			s += fmt.Sprintf(" replay=%d", r.Replay)
		}
		if r.Gap {
			s += " gap"
		}
		return s + " after " + (time.Duration(r.AwayMs) * time.Millisecond).String()
	case chat.Matched:
		s += " " + string(e.Alias)
		if e.Common != 0 {
			s += fmt.Sprintf(" common=%b", e.Common)
		}
		return s
	case chat.Message:
		s += fmt.Sprintf(" %s %q", e.Alias, e.Text)
		if e.Image != "" {
			s += " " + e.Image
		}
		if e.N != 0 {
			s += fmt.Sprintf(" n=%d at %s", e.N, Since(e.At))
		}
		return s
	case chat.PartnerAway:
		return s + " until " + Since(e.At)
	case chat.Acked:
		return s + fmt.Sprintf(" recv=%d delivered=%d", e.Recv, e.Delivered)
	case chat.Replay:
		return s + fmt.Sprintf(" %s above %d up to %d", e.Mail.Alias, e.Mail.After, e.Mail.UpTo)
	case chat.Gap, chat.Ping, chat.Probe:
		return s + fmt.Sprintf(" %d", e.N)
	case chat.ResumeFailed:
		return s + " " + string(e.Code)
	case chat.Error:
		s += " " + string(e.Code)
		if e.N != 0 {
			s += fmt.Sprintf(" n=%d", e.N)
		}
		if e.Expect != 0 {
			s += fmt.Sprintf(" expect=%d", e.Expect)
		}
		return s
	case chat.Close:
		return s + fmt.Sprintf(" %d", e.CloseCode)
	}
	return s
}

func Since(t chat.Time) string { return "+" + (time.Duration(t-Epoch) * time.Millisecond).String() }

// DescribeRow writes a row without its identity.
func DescribeRow(r chat.Record) string {
	numbered := func(n uint64) string { return fmt.Sprintf("%d:%d", n>>32, n&(1<<32-1)) }
	var s []string
	if !r.Resumable {
		s = append(s, "old")
	}
	s = append(s, r.State().String())
	switch r.State() {
	case chat.Waiting:
		s = append(s, "place", numbered(r.Place), "since", Since(r.QueuedAt))
	case chat.Paired:
		s = append(s, "pair", numbered(uint64(r.Pair)), "side", fmt.Sprint(r.Side), "as", string(r.Alias),
			"since", Since(r.MatchedAt))
	}
	if r.AwaySince != 0 {
		s = append(s, "away since", Since(r.AwaySince))
	}
	if r.EndedAt != 0 {
		s = append(s, "ended", Since(r.EndedAt))
	}
	return strings.Join(s, " ")
}
