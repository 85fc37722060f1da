package checker

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"chatme/internal/protocol"
	"chatme/internal/secret"
)

// Kind is the kind of an Event: what happened, and on which side.
type Kind uint8

const (
	Sent  Kind = iota + 1 // Type: a client's frame, about to be written
	Heard                 // Type: a server's frame, just taken
	Gone                  // a socket has ended, or its client is about to cut it; CloseCode, Own, and Type if it is Vanished
	Fault                 // Type: the fault injected into the server; Who is Server
)

// Server is Event.Who of a Fault.
const Server = -1

// The types of a Fault.
const (
	Killed    = "killed"
	Restored  = "restored" // the database was replaced by an older copy, before the server listens
	Listening = "listening"
	Stopped   = "stopped" // the process is paused, until Continued or Killed
	Continued = "continued"
	Locked    = "locked" // another program holds the write lock of the database, until Unlocked
	Unlocked  = "unlocked"
	Stalled   = "stalled" // the client process stalled for For, until now
	Haunted   = "haunted" // a socket that its session has replaced is still in use; Code says how
	Quiet     = "quiet"   // every client has reconnected, and nothing has happened for a while
	Leaked    = "leaked"
	Kept      = "kept" // after the end: a mailbox is not empty although its owner was connected; Code says what it holds
)

// Vanished is the Type of a Gone that the server is not told of: the socket stays open and does not answer.
const Vanished = "vanished"

// closedInOrder is the close code that ends the session.
const closedInOrder = protocol.CloseChatEnded

// Event is one thing that a client did or saw.
type Event struct {
	Seq  int           // its position in the history; set by the Recorder
	At   time.Duration // since the Recorder was created; set by the Recorder
	Who  int
	Old  bool // Who is a legacy client
	Kind Kind
	Type string

	Chat string // the partner's alias in the chat that the frame refers to
	N    uint64 // of a message, gap or error; of auth and ack: got; of a pong: the number of frames before its ping
	Body Body   // of a message; zero if a received one cannot be parsed
	For  time.Duration
	Lag  time.Duration // auth: the longest delay of what the client reads and writes

	Recv, Delivered, Last uint64 // ack, resumed; of auth, Recv is acked
	Replay                int    // resumed: the number of held messages
	State, Code           string
	Resume                bool   // auth that asks for an earlier session
	Session               string // session_id: the first bytes of its hash
	Epoch                 string // session_id, resumed
	Secret                bool   // a session ID appears where it must not

	CloseCode int
	Own       bool // Gone: the client closed the socket
}

// secretPrefix is the prefix of every session ID.
const secretPrefix = "cm1_"

// Hear returns the event for a message from the server.
func Hear(who int, old bool, m *protocol.ServerMessage) Event {
	e := Event{
		Who: who, Old: old, Kind: Heard, Type: m.Type, Chat: m.PartnerID, N: m.N,
		Recv: m.Recv, Delivered: m.Delivered, Last: m.Last, Replay: m.Replay, State: m.State, Code: m.Code,
		Epoch: m.Epoch,
	}
	if m.Type == "message" {
		e.Chat = m.From
		e.Body, _ = readBody(m.Text, m.ImageURL)
	}
	if m.SessionID != "" {
		hash := secret.HashOf(m.SessionID)
		e.Session = hex.EncodeToString(hash[:6])
	}
	for _, text := range []string{m.Error, m.PartnerID, m.Text, m.ImageURL, m.From, m.Epoch, m.Code, m.Message} {
		e.Secret = e.Secret || strings.Contains(text, secretPrefix)
	}
	return e
}

// String returns e as one readable line.
func (e *Event) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%6d %10.4fs ", e.Seq, e.At.Seconds())
	switch e.Kind {
	case Fault:
		fmt.Fprintf(&b, "the server: %s %s", e.Type, e.Code)
		return strings.TrimRight(b.String(), " ")
	case Gone:
		by := "lost"
		if e.Own {
			by = "by the client"
		}
		if e.Type == Vanished {
			by = "without closing"
		}
		fmt.Fprintf(&b, "%s disconnected %d, %s", e.name(), e.CloseCode, by)
		return b.String()
	case Sent:
		fmt.Fprintf(&b, "%s → %s", e.name(), e.Type)
	case Heard:
		fmt.Fprintf(&b, "%s ← %s", e.name(), e.Type)
	}
	add := func(name string, value any, there bool) {
		if there {
			fmt.Fprintf(&b, " %s=%v", name, value)
		}
	}
	add("chat", e.Chat, e.Chat != "")
	add("n", e.N, e.N != 0)
	add("body", e.Body, e.Body != Body{})
	add("state", e.State, e.State != "")
	add("code", e.Code, e.Code != "")
	add("recv", e.Recv, e.Recv != 0)
	add("delivered", e.Delivered, e.Delivered != 0)
	add("last", e.Last, e.Last != 0)
	add("replay", e.Replay, e.Replay != 0)
	add("for", e.For, e.For != 0)
	add("lag", e.Lag, e.Lag != 0)
	add("session", e.Session, e.Session != "")
	return b.String()
}

func (e *Event) name() string {
	if e.Old {
		return fmt.Sprintf("old%d", e.Who)
	}
	return fmt.Sprintf("c%d", e.Who)
}

// heard reports whether e is a server frame of one of types.
func (e *Event) heard(types ...string) bool { return e.Kind == Heard && isOne(e.Type, types) }

// sent reports whether e is a client frame of one of types.
func (e *Event) sent(types ...string) bool { return e.Kind == Sent && isOne(e.Type, types) }

func isOne(t string, types []string) bool {
	for _, each := range types {
		if t == each {
			return true
		}
	}
	return false
}
