package protocol

import "chatme/internal/chat"

// Rules are the limits of a body. They are static after construction, and safe for concurrent use.
type Rules struct {
	MaxText int         // bytes of UTF-8 of a message's text; DefaultMaxText unless configured
	Images  ImagePolicy // which images are relayed
	Offer               // what clients may prefer
	Strip   StripPolicy // what happens to their metadata
}

// FrameKind is the kind of a Frame.
type FrameKind uint8

const (
	KindCommand FrameKind = iota + 1 // Command, for the lobby
	KindAuth                         // APIKey, KeyIsString, Resume: the socket layer checks the key and creates the Attach
	KindPing                         // answered with Pong by the socket layer
)

// Frame is one decoded frame of a client. Only the fields named at its Kind count. Nothing in it aliases the bytes it was
// read from.
type Frame struct {
	Kind FrameKind

	APIKey      string  // KindAuth
	KeyIsString bool    // KindAuth: false when apiKey is missing or of another type
	Resume      *Resume // KindAuth: nil for legacy clients

	// Command is for the lobby, at KindCommand. Conn is 0: the socket layer sets it. A frame of an unknown type is a
	// chat.Activity.
	Command chat.Command
}

// Resume is the resume object of auth. All fields are zero if the client asks for a new session.
type Resume struct {
	SessionID string // the bearer secret; MUST NOT be logged
	Epoch     string
	PartnerID chat.Alias // the latest chat that the client knows of; Got and Acked refer to it
	Got       uint64     // everything from the partner up to this number has arrived, at most MaxNumber and one
	Acked     uint64     // the server has confirmed everything of this client up to this number, at most MaxNumber and one
}
