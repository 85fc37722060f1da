package chat

import "time"

// Op is what a Command asks for.
type Op uint8

const (
	Attach    Op = iota + 1 // a socket has authenticated: Conn, Auth
	Detach                  // the socket is gone: Conn, Leaves
	Search                  // find a partner, or Next: Conn, Partner, MailKey, Hold
	Prefer                  // what to talk about from now on: Conn, Prefer
	Send                    // a message to the partner: Conn, Partner, Pair, Text, Image, N, Refused
	Typing                  // typing_start or typing_stop: Conn, Start
	Ack                     // confirms what was received: Conn, Partner, Got
	Sleep                   // announces an absence: Conn, For
	End                     // end_chat: leave permanently: Conn
	Pong                    // the answer to an Event of kind Ping or Probe, or to a keepalive: Conn, N
	Heard                   // the first byte since a Probe has arrived: Conn
	AppPing                 // the client sent a ping message, and has never answered a ping of the server: Conn
	Malformed               // a frame that could not be decoded: Conn, Refused
	Activity                // a frame of an unknown type: only a sign of activity: Conn
	Tick                    // something may be due
	Stop                    // the server is shutting down; nothing is accepted afterwards
	Kick                    // an operator ends a session: Auth, whose Resume.Hash names it and whose Found is its row
)

// Command is one input to the lobby. Only the fields named at its Op count. It is flat so that a message costs no
// allocation.
type Command struct {
	Op   Op
	Conn ConnID

	Auth    *Auth         // Attach, Kick
	Partner Alias         // the chat, by the alias sent in matched; "" is the current chat
	Pair    PairID        // Send: the chat in which it was read, if it had to wait; 0 is the current chat
	Text    string        // Send
	Image   string        // Send: a data URI or an https URL
	N       uint64        // Send: the client's number, 1, 2, 3… per chat and direction; 0 is none. Pong: the number of the ping
	Refused ErrorCode     // Send: why the body cannot be relayed; its number is used up
	Got     uint64        // Ack: everything up to this number has arrived
	Start   bool          // Typing
	For     time.Duration // Sleep
	Leaves  bool          // Detach: closed with 1000, which is permanent unless a Sleep came before
	Prefer  *Preferences  // Prefer
	Hold    time.Duration // Search: the match waits at least this long
	MailKey *MailKey      // Search: the key that the session's mail is sealed to; it counts until the session has a row
}

// Auth is the request of an authenticated socket.
type Auth struct {
	Resumable bool    // false: a legacy client
	Fresh     Hash    // the hash of a new session, used unless Resume succeeds
	Resume    *Resume // nil: a new session
	Found     *Found  // the row of Resume.Hash, if the session is not in memory; nil if there is none
	Network   Network // where the socket comes from
}

// Network stands for the network of a client address; 0 is an unknown one. It is a keyed hash that means nothing outside
// this process: the lobby compares networks, and knows no address.
type Network uint64

// Resume asks to resume a session. Partner, Got and Acked describe the latest chat that the client knows of.
type Resume struct {
	Hash    Hash
	Epoch   string
	Partner Alias
	Got     uint64 // every message of the partner up to this number has arrived
	Acked   uint64 // the server has confirmed this session's messages up to this number
}
