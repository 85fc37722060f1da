package protocol

import "chatme/internal/chat"

// Client → server: the values of type. Any other is a frame of no known type, which is only a sign of activity.
const (
	typeAuth        = "auth"         // apiKey, resume? {v, sessionId?, epoch?, partnerId?, got?, acked?}; the first message
	typeSearch      = "search"       // partnerId?; find a partner, or Next, naming the chat it leaves
	typeMessage     = "message"      // partnerId?, text?, imageUrl?, n?; to the partner
	typeTypingStart = "typing_start" // forwarded to the partner, never stored
	typeTypingStop  = "typing_stop"  // the same
	typeEndChat     = "end_chat"     // leave for good
	typePing        = "ping"         // answered with Pong by the connection itself
	typeAck         = "ack"          // partnerId?, got: everything up to this number has arrived
	typeSleep       = "sleep"        // forMs: hold the session for me, then I close
)

// Server → client: messages without members. Those exported are the ones the socket layer says by itself.
const (
	AuthSuccess = `{"type":"auth_success"}` // the key was right; also to a second auth, which changes nothing
	Pong        = `{"type":"pong"}`         // the answer to ping

	msgSearching           = `{"type":"searching"}`            // durably in the queue
	msgTypingStart         = `{"type":"typing_start"}`         // the partner types
	msgTypingStop          = `{"type":"typing_stop"}`          // the partner no longer types; legacy clients forget it only by this
	msgPartnerBack         = `{"type":"partner_back"}`         // after partner_away
	msgPartnerDisconnected = `{"type":"partner_disconnected"}` // the chat is over, and this session is durably in the queue again
	msgChatEnded           = `{"type":"chat_ended"}`           // the answer to end_chat; close 1000 follows
)

// Server → client: the beginnings of messages with members.
const (
	headAuthError    = `{"type":"auth_error","error":`     // a reason; close 4001 follows
	headSessionID    = `{"type":"session_id","sessionId":` // epoch, windowMs, pingMs, maxBytes: a new resumable session
	headResumed      = `{"type":"resumed","epoch":`        // state and the rest of chat.Resumption, windowMs, pingMs, maxBytes
	headResumeFailed = `{"type":"resume_failed","code":`   // why; session_id follows
	headMatched      = `{"type":"matched","partnerId":`    // the partner's alias in this chat
	headMessage      = `{"type":"message",`                // text?, from, n?, ts? (unix ms), imageUrl?
	headPartnerAway  = `{"type":"partner_away","untilMs":` // unix ms: when the chat ends unless the partner is back
	headAck          = `{"type":"ack","recv":`             // delivered
	headGap          = `{"type":"gap","n":`                // nothing more comes up to n
	headError        = `{"type":"error","code":`           // message, n?, expect?
)

// Tail is what follows the image after AppendHead.
const Tail = `"}`

// The reasons of auth_error. Legacy clients show them.
const (
	ReasonNotAuthenticated = "Not authenticated" // anything but auth came first; close 4001 with TextNotAuthenticated
	ReasonInvalidKey       = "Invalid API key"   // wrong, missing or not a string; close 4001 with TextAuthFailed
)

// Limits of what a client may send.
const (
	MaxFrameUnmatched = 64 << 10        // bytes of a frame until the first matched on a connection
	MaxFrame          = 16<<20 + 64<<10 // bytes of a frame afterwards: OkHttp gives up beyond 16 MiB
	DefaultMaxText    = 64 << 10        // bytes of UTF-8 of a message's text
	MaxDepth          = 32              // nesting of objects and arrays in a frame; the frame itself is 1
	MaxNumber         = chat.MaxNumber  // n, got and acked; a larger one is decoded as one more than this
	MaxMalformed      = 5               // frames in a minute that could not be read; one more is close 1008
)
