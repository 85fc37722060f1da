package checker

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"chatme/internal/protocol"
	"chatme/internal/secret"
)

// Kind says who did something.
type Kind uint8

const (
	Sent  Kind = iota + 1 // Type: a client's frame, about to be written
	Heard                 // Type: a server's frame, just taken
	Gone                  // a socket has ended, or is about to be cut by its client; CloseCode, Own, and Type if it is Vanished
	Fault                 // Type: what befell the server; Who is Server
)

// Server is Event.Who of a Fault.
const Server = -1

// The types of a Fault.
const (
	Killed    = "killed"
	Restored  = "restored" // the database was put back from a copy, which is older; before the server listens
	Listening = "listening"
	Stopped   = "stopped" // the process stands still, until Continued or Killed
	Continued = "continued"
	Locked    = "locked" // another program holds the write lock of the database, until Unlocked
	Unlocked  = "unlocked"
	Stalled   = "stalled" // the process of the clients stood still for For, until now
	Haunted   = "haunted" // a socket that its session has replaced goes on; Code says how
	Quiet     = "quiet"   // everybody came back, and nothing has happened for a while
	Leaked    = "leaked"
	Kept      = "kept" // after the end: a mailbox is not empty although its owner was there; Code says what it holds
)

// Vanished is the Type of a Gone of which the server is not told: the socket stays open, and gives no answer.
const Vanished = "vanished"

// closedInOrder is the code of a close that ends the session.
const closedInOrder = protocol.CloseChatEnded

// Event is one thing one client did or saw.
type Event struct {
	Seq  int           // its place in the history; given by the Recorder
	At   time.Duration // since the Recorder was made; given by it
	Who  int
	Old  bool // Who speaks the base protocol
	Kind Kind
	Type string

	Chat string // the partner's alias: of the chat a frame names or tells of
	N    uint64 // of a message, gap or error; of auth and ack: got; of a pong: so many frames stood before its ping
	Body Body   // of a message; of one that is heard, zero if it cannot be read
	For  time.Duration
	Lag  time.Duration // auth: what the server writes is heard, and what the client writes is read, so much later at most

	Recv, Delivered, Last uint64 // ack, resumed; of auth, Recv is acked
	Replay                int    // resumed: so many messages were held
	State, Code           string
	Resume                bool   // auth that asks for an old session
	Session               string // session_id: the beginning of a hash of it
	Epoch                 string // session_id, resumed
	Secret                bool   // a session ID stands where it must not

	CloseCode int
	Own       bool // Gone: the client did it
}

// secretPrefix is how every session ID begins.
const secretPrefix = "cm1_"

// Hear returns the event of a message of the server.
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

// String is one line for people.
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
			by = "by itself"
		}
		if e.Type == Vanished {
			by = "without a word"
		}
		fmt.Fprintf(&b, "%s gone %d, %s", e.name(), e.CloseCode, by)
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

// heard says whether e is a frame of the server of one of types.
func (e *Event) heard(types ...string) bool { return e.Kind == Heard && isOne(e.Type, types) }

// sent says whether e is a frame of a client of one of types.
func (e *Event) sent(types ...string) bool { return e.Kind == Sent && isOne(e.Type, types) }

func isOne(t string, types []string) bool {
	for _, each := range types {
		if t == each {
			return true
		}
	}
	return false
}
