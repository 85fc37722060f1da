package protocol

import "chatme/internal/chat"

// Rules are what a body may be. They are static after construction, and safe to use from many goroutines.
type Rules struct {
	MaxText int         // bytes of UTF-8 of a message's text; DefaultMaxText unless configured
	Images  ImagePolicy // which imageUrl is relayed
}

// FrameKind says what a Frame is.
type FrameKind uint8

const (
	KindCommand FrameKind = iota + 1 // Command: for the lobby
	KindAuth                         // APIKey, KeyIsString, Resume: the socket layer checks the key and makes the Attach
	KindPing                         // answered with Pong by the socket layer
)

// Frame is one frame of a client, decoded. Only the fields named at its Kind count. Nothing in it aliases the
// bytes it was read from.
type Frame struct {
	Kind FrameKind

	APIKey      string  // KindAuth
	KeyIsString bool    // KindAuth: false when apiKey is missing or of another type
	Resume      *Resume // KindAuth: nil for legacy clients

	// Command is for the lobby, at KindCommand. Conn is 0: the socket layer knows it. A frame of no known type is
	// a chat.Touch.
	Command chat.Command
}

// Resume is the resume object of auth. All fields are zero when the client asks for a new session.
type Resume struct {
	SessionID string // the bearer secret; MUST NOT be logged
	Epoch     string
	PartnerID chat.Alias // the latest chat the client has heard of; Got and Acked speak of it
	Got       uint64     // everything from the partner up to this number has arrived, at most MaxNumber and one
	Acked     uint64     // the server has confirmed everything of this client up to this number, at most MaxNumber and one
}
