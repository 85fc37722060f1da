package tail

import (
	"time"

	"chatme/internal/chat"
)

// Type says what an event is about.
type Type string

// The types, with the other fields of an event. Session is set once a socket has authenticated; Conn numbers the sockets.
// Network is that of the socket.
const (
	Upgrade  Type = "upgrade"  // Conn, Network; or refused, with Reason and Code, the HTTP status
	Auth     Type = "auth"     // Conn, Network, Kind (old, resumable); MS since the upgrade; or refused, with Reason
	Resumed  Type = "resumed"  // What: its state; MS away; Count messages to resend; or refused, with Reason
	Search   Type = "search"   // it is in the queue
	Matched  Type = "matched"  // With: the partner; MS waited; one event per side
	Message  Type = "message"  // What: relayed, held; With: the receiver; Kind (text, image, text and image); Bytes
	Wait     Type = "wait"     // Conn, Network; What: a rate at which its reader waits; at most one a minute and socket
	Away     Type = "away"     // What: what it was doing (waiting, paired)
	Back     Type = "back"     // With: the partner, which is told
	Ended    Type = "ended"    // a chat; Session was left, With (unless it has ended) is the session that left
	Standing Type = "standing" // Network; What: stands out, no longer stands out
	Error    Type = "error"    // Reason: the code of an error that was sent
	Closed   Type = "closed"   // Conn; Reason, Code of the close; MS open; In and Out frames
	Commit   Type = "commit"   // What: slow, fails, works again; MS taken; Count rows; Reason
	Kick     Type = "kick"     // an operator ended the session
	Reload   Type = "reload"   // Count settings changed; or refused, with Reason
	Server   Type = "server"   // What: stopping
	Lost     Type = "lost"     // Count events that this listener was too slow for
)

// Types lists the types that a listener can ask for.
func Types() []Type {
	return []Type{Upgrade, Auth, Resumed, Search, Matched, Message, Wait, Away, Back, Ended, Standing, Error, Closed, Commit, Kick, Reload, Server}
}

// Event is one thing that happened. Only the fields named at its Type are used. Its texts are constants or come from the
// server's own errors, so that making one allocates nothing.
type Event struct {
	Type    Type
	Session chat.Hash // the zero Hash: none
	With    chat.Hash
	Conn    uint64
	Network uint64 // its number in the process; 0: unknown
	Failed  bool   // an error, or a refusal
	What    string
	Reason  string
	Kind    string
	Code    int
	Bytes   int64
	MS      int64 // milliseconds
	In, Out int64 // frames
	Count   int64
}

// Line is an event as sent to a listener, one JSON object per line. Zero and empty fields are omitted.
type Line struct {
	Time    time.Time `json:"time"`
	Type    Type      `json:"type"`
	Status  Status    `json:"status"`
	Session string    `json:"session,omitempty"` // s_ and eight digits
	With    string    `json:"with,omitempty"`
	Conn    uint64    `json:"conn,omitempty"`
	Network string    `json:"network,omitempty"` // its tag of the day
	What    string    `json:"what,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Kind    string    `json:"kind,omitempty"`
	Code    int       `json:"code,omitempty"`
	Bytes   int64     `json:"bytes,omitempty"`
	MS      int64     `json:"ms,omitempty"`
	In      int64     `json:"in,omitempty"`
	Out     int64     `json:"out,omitempty"`
	Count   int64     `json:"count,omitempty"`
}

// Status tells whether an event is an error.
type Status string

const (
	StatusOK    Status = "ok"
	StatusError Status = "error"
)

func (e *Event) status() Status {
	if e.Failed {
		return StatusError
	}
	return StatusOK
}

// line returns e as it is sent.
func (e *Event) line(at time.Time) Line {
	return Line{
		Time: at.UTC(), Type: e.Type, Status: e.status(), Session: nameOf(e.Session), With: nameOf(e.With), Conn: e.Conn,
		What: e.What, Reason: e.Reason, Kind: e.Kind, Code: e.Code, Bytes: e.Bytes, MS: e.MS, In: e.In, Out: e.Out, Count: e.Count,
	}
}

func nameOf(h chat.Hash) string {
	if h == (chat.Hash{}) {
		return ""
	}
	return h.String()
}
