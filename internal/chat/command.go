package chat

import "time"

// Op says what a Command asks for.
type Op uint8

const (
	Attach    Op = iota + 1 // a socket has authenticated: Conn, Auth
	Detach                  // the socket is gone: Conn, Leaves
	Search                  // find a partner, or Next: Conn, Partner
	Send                    // a message to the partner: Conn, Partner, Pair, Text, Image, N, Refused
	Typing                  // typing_start or typing_stop: Conn, Start
	Ack                     // confirms what was received: Conn, Partner, Got
	Sleep                   // announces a long absence: Conn, For
	End                     // end_chat: leave for good: Conn
	Pong                    // the answer to an Event of kind Ping or Probe, or to a keep-alive: Conn, N
	Heard                   // a byte has come, the first since a Probe: Conn
	AppPing                 // the client said ping, and has never answered a ping of ours: Conn
	Malformed               // a frame that could not be read: Conn, Refused
	Activity                // a frame of no known type: a sign of activity only: Conn
	Tick                    // time has passed
	Stop                    // the server is about to stop; nothing is accepted afterwards
	Kick                    // an operator ends a session: Auth, whose Resume.Hash names it and whose Found is its row
)

// Command is one input of the lobby. It is flat, and only the fields named at its Op count, so that a message
// costs no allocation on its way.
type Command struct {
	Op   Op
	Conn ConnID

	Auth    *Auth         // Attach, Kick
	Partner Alias         // the chat that is meant, by the alias it was told in matched; "" is the current chat
	Pair    PairID        // Send: the chat it was read in, if it had to wait since; 0: it is the current one
	Text    string        // Send
	Image   string        // Send: a data URI or an https URL
	N       uint64        // Send: the client's number, 1, 2, 3… per chat and direction; 0 is none. Pong: the number pinged
	Refused ErrorCode     // Send: the body cannot be relayed, for this reason; its number is used up
	Got     uint64        // Ack: everything up to this number has arrived
	Start   bool          // Typing
	For     time.Duration // Sleep
	Leaves  bool          // Detach: closed with 1000, which without a Sleep before it means: for good
}

// Auth is what an authenticated socket asks for.
type Auth struct {
	Resumable bool    // false: an old client
	Fresh     Hash    // the hash of a new session, used unless Resume succeeds
	MailKey   MailKey // … and what its mail is sealed to
	Resume    *Resume // nil: a new session
	Found     *Found  // what the disk has of Resume.Hash if the lobby does not hold it; nil when there is none
}

// Resume asks for a session back. Partner, Got and Acked name the latest chat the client has heard of.
type Resume struct {
	Hash    Hash
	Epoch   string
	Partner Alias
	Got     uint64 // every message of the partner up to this number has arrived
	Acked   uint64 // the server has confirmed this session's messages up to this number
}
