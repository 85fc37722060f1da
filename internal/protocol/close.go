package protocol

import (
	"strconv"
	"time"

	"chatme/internal/chat"
)

// Close codes (RFC 6455, section 7.4, and 4000–4999 for private use). In brackets: does a client reconnect?
const (
	CloseChatEnded       = chat.CloseNormal     // 1000: end_chat [no]
	CloseInvalidUTF8     = 1007                 // a frame was not UTF-8 [no]
	CloseAbuse           = 1008                 // more than MaxMalformed frames in a minute that could not be read [no]
	CloseTooLarge        = 1009                 // a frame above the limit [no]
	CloseRestart         = chat.CloseRestart    // 1012: the server restarts [yes, after a jitter]
	CloseOverloaded      = 1013                 // the budget of bytes in flight stayed full for 10 s [yes, later]
	CloseUnauthenticated = 4001                 // no valid key [no]
	CloseHibernated      = chat.CloseHibernated // 4100: idle; the session lives on [when needed, by session ID]
	CloseImpossibleClaim = 4400                 // got or acked above what can be, by what this process saw [with a fresh session]
	CloseAuthTimeout     = 4408                 // no auth in 10 s [yes]
	CloseReplaced        = chat.CloseReplaced   // 4409: a newer connection of the same session [no]
	CloseRevoked         = chat.CloseRevoked    // 4410: banned or revoked [no]
	CloseRateLimited     = 4429                 // too many messages; the reason is RetryAfter [yes, then]
)

// The reasons sent with the close codes, at most 123 bytes each (RFC 6455, section 5.5). Old clients know the
// texts of 1000 and 4001.
const (
	TextChatEnded        = "Chat ended"
	TextInvalidUTF8      = "Invalid UTF-8"
	TextAbuse            = "Too many malformed messages"
	TextTooLarge         = "Message too large"
	TextRestart          = "Server restarting"
	TextOverloaded       = "Server overloaded"
	TextNotAuthenticated = "Not authenticated"     // 4001: anything but auth came first
	TextAuthFailed       = "Authentication failed" // 4001: the key was not accepted
	TextHibernated       = "Idle"
	TextImpossibleClaim  = "Impossible claim"
	TextAuthTimeout      = "Authentication timeout"
	TextReplaced         = "Replaced by a newer connection"
	TextRevoked          = "Revoked"
)

// CloseText returns the reason sent with code: "" for a code that is not of this protocol or, as 4001 and 4429,
// has no single one.
func CloseText(code int) string {
	switch code {
	case CloseChatEnded:
		return TextChatEnded
	case CloseInvalidUTF8:
		return TextInvalidUTF8
	case CloseAbuse:
		return TextAbuse
	case CloseTooLarge:
		return TextTooLarge
	case CloseRestart:
		return TextRestart
	case CloseOverloaded:
		return TextOverloaded
	case CloseHibernated:
		return TextHibernated
	case CloseImpossibleClaim:
		return TextImpossibleClaim
	case CloseAuthTimeout:
		return TextAuthTimeout
	case CloseReplaced:
		return TextReplaced
	case CloseRevoked:
		return TextRevoked
	}
	return ""
}

// RetryAfter returns the reason of a CloseRateLimited: the whole seconds to wait, rounded up, as a decimal of at
// least 1.
func RetryAfter(wait time.Duration) string {
	s := int64(wait / time.Second)
	if wait%time.Second > 0 {
		s++
	}
	return strconv.FormatInt(max(s, 1), 10)
}
