package protocol

import (
	"strconv"
	"time"

	"chatme/internal/chat"
)

// Close codes (RFC 6455, section 7.4, and 4000 to 4999 for private use). CloseCodes has the meaning of each.
const (
	CloseChatEnded       = chat.CloseNormal     // 1000
	CloseInvalidUTF8     = 1007                 //
	CloseAbuse           = 1008                 //
	CloseTooLarge        = 1009                 //
	CloseRestart         = chat.CloseRestart    // 1012
	CloseOverloaded      = 1013                 //
	CloseUnauthenticated = 4001                 //
	CloseHibernated      = chat.CloseHibernated // 4100
	CloseImpossibleClaim = chat.CloseImpossible // 4400
	CloseAuthTimeout     = 4408                 //
	CloseReplaced        = chat.CloseReplaced   // 4409
	CloseRevoked         = chat.CloseRevoked    // 4410
	CloseRateLimited     = 4429                 //
)

// The reasons sent with the close codes, at most 123 bytes each (RFC 6455, section 5.5). Legacy clients recognize the
// texts of 1000 and 4001.
const (
	TextChatEnded        = "Chat ended"
	TextInvalidUTF8      = "Invalid UTF-8"
	TextAbuse            = "Too many malformed messages"
	TextTooLarge         = "Message too large"
	TextRestart          = "Server restarting"
	TextOverloaded       = "Server overloaded"
	TextNotAuthenticated = "Not authenticated"     // 4001: the first frame was not auth
	TextAuthFailed       = "Authentication failed" // 4001: the key was not accepted
	TextHibernated       = "Idle"
	TextImpossibleClaim  = "Impossible claim"
	TextAuthTimeout      = "Authentication timeout"
	TextReplaced         = "Replaced by a newer connection"
	TextRevoked          = "Revoked"
)

// Reconnect is what a client does after a close.
type Reconnect uint8

const (
	ReconnectNever      Reconnect = iota // unless its user asks for it
	ReconnectSoon                        // after a backoff with jitter
	ReconnectLater                       // after a longer backoff, or the time in the reason
	ReconnectWhenNeeded                  // with the session ID
	ReconnectAsNew                       // with a new session
)

// CloseCode is one row of CloseCodes.
type CloseCode struct {
	Code      int
	Text      string // the reason sent; "" if there are several
	Reconnect Reconnect
	Meaning   string
}

// CloseCodes is every close code that the server sends, by rising Code. docs/protocol.md, README.md, the client library and the
// metrics are checked against it.
var CloseCodes = []CloseCode{
	{CloseChatEnded, TextChatEnded, ReconnectNever, "end_chat"},
	{CloseInvalidUTF8, TextInvalidUTF8, ReconnectNever, "a frame was not UTF-8"},
	{CloseAbuse, TextAbuse, ReconnectNever, "more than MaxMalformed frames in a minute that could not be read, or a flood of control or auth frames"},
	{CloseTooLarge, TextTooLarge, ReconnectNever, "a frame above the limit"},
	{CloseRestart, TextRestart, ReconnectSoon, "the server restarts"},
	{CloseOverloaded, TextOverloaded, ReconnectLater, "nothing in the budget of bytes in flight has moved, or the client reads too slowly"},
	{CloseUnauthenticated, "", ReconnectNever, "no valid key"},
	{CloseHibernated, TextHibernated, ReconnectWhenNeeded, "idle; the session lives on"},
	{CloseImpossibleClaim, TextImpossibleClaim, ReconnectAsNew, "n, got or acked above what can be, by what this process saw"},
	{CloseAuthTimeout, TextAuthTimeout, ReconnectSoon, "no auth in time"},
	{CloseReplaced, TextReplaced, ReconnectNever, "a newer connection of the same session"},
	{CloseRevoked, TextRevoked, ReconnectNever, "an operator ended the session"},
	{CloseRateLimited, "", ReconnectLater, "over a rate for too long; the reason is RetryAfter"},
}

// CloseText returns the reason sent with code; "" if the code is not part of this protocol or has no single reason.
func CloseText(code int) string {
	for i := range CloseCodes {
		if CloseCodes[i].Code == code {
			return CloseCodes[i].Text
		}
	}
	return ""
}

// RetryAfter returns the reason of a CloseRateLimited: the seconds to wait, rounded up, as a decimal number of at least 1.
func RetryAfter(wait time.Duration) string {
	s := int64(wait / time.Second)
	if wait%time.Second > 0 {
		s++
	}
	return strconv.FormatInt(max(s, 1), 10)
}
