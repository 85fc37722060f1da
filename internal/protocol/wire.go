package protocol

import "chatme/internal/chat"

// Client → server: the values of type. A frame of any other type is only a sign of activity.
const (
	typeAuth        = "auth"         // apiKey, resume? {v, sessionId?, epoch?, partnerId?, got?, acked?}; the first message
	typePrefer      = "prefer"       // topics?, languages?: what to talk about from now on; of those in session_id and resumed
	typeSearch      = "search"       // partnerId?; find a partner, or Next, with the chat it leaves
	typeMessage     = "message"      // partnerId?, text?, imageUrl?, n?; to the partner
	typeTypingStart = "typing_start" // forwarded to the partner, never stored
	typeTypingStop  = "typing_stop"  // the same
	typeEndChat     = "end_chat"     // leave permanently
	typePing        = "ping"         // answered with Pong by the connection itself
	typeAck         = "ack"          // partnerId?, got: everything up to this number has arrived
	typeSleep       = "sleep"        // forMs: keep the session that long; the client closes next
)

// Server → client: messages without members. The exported ones are sent by the socket layer itself.
const (
	AuthSuccess = `{"type":"auth_success"}` // the key is correct; also the answer to a second auth, which changes nothing
	Pong        = `{"type":"pong"}`         // the answer to ping

	msgSearching           = `{"type":"searching"}`            // durably in the queue
	msgTypingStart         = `{"type":"typing_start"}`         // the partner is typing
	msgTypingStop          = `{"type":"typing_stop"}`          // the partner stopped typing; legacy clients hide the indicator only because of this
	msgPartnerBack         = `{"type":"partner_back"}`         // after partner_away
	msgPartnerDisconnected = `{"type":"partner_disconnected"}` // the chat is over, and this session is durably in the queue again
	msgChatEnded           = `{"type":"chat_ended"}`           // the answer to end_chat; close 1000 follows
)

// Server → client: the beginning of messages with members.
const (
	headAuthError    = `{"type":"auth_error","error":`     // a reason; close 4001 follows
	headSessionID    = `{"type":"session_id","sessionId":` // epoch, windowMs, pingMs, maxBytes, topics?, languages?: a new resumable session
	headResumed      = `{"type":"resumed","epoch":`        // state and the rest of chat.Resumption, windowMs, pingMs, maxBytes, topics?, languages?
	headResumeFailed = `{"type":"resume_failed","code":`   // the reason; session_id follows
	headMatched      = `{"type":"matched","partnerId":`    // the partner's alias in this chat, common?: the topics that both prefer
	headMessage      = `{"type":"message",`                // text?, from, n?, ts? (Unix ms), imageUrl?
	headPartnerAway  = `{"type":"partner_away","untilMs":` // Unix ms: when the chat ends unless the partner resumes
	headAck          = `{"type":"ack","recv":`             // delivered
	headGap          = `{"type":"gap","n":`                // no more messages arrive up to n
	headError        = `{"type":"error","code":`           // message, n?, expect?
)

// Tail is what follows the image after AppendHead.
const Tail = `"}`

// The reasons of auth_error. Legacy clients show them.
const (
	ReasonNotAuthenticated = "Not authenticated" // the first frame was not auth; close 4001 with TextNotAuthenticated
	ReasonInvalidKey       = "Invalid API key"   // wrong, missing or not a string; close 4001 with TextAuthFailed
)

// Limits of what a client may send.
const (
	MaxFrameUnmatched = 64 << 10        // bytes of a frame until the first matched on a connection
	MaxFrame          = 16<<20 + 64<<10 // bytes of a frame afterwards: OkHttp fails above 16 MiB
	DefaultMaxText    = 64 << 10        // bytes of UTF-8 of a message's text
	MaxDepth          = 32              // nesting of objects and arrays in a frame; the frame itself is 1
	MaxNumber         = chat.MaxNumber  // n, got and acked; a larger one is decoded as one more than this
	MaxMalformed      = 5               // malformed frames in a minute; one more closes with 1008
)
