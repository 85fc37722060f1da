package protocol

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"chatme/internal/chat"
)

// Hello holds the members of session_id and resumed that are not in the event.
type Hello struct {
	SessionID string // session_id: the bearer secret; MUST NOT be logged
	Epoch     string // changes when the database was restored from a backup
	WindowMs  int64  // how long a chat waits for a side that is away
	PingMs    int64  // the interval between the server's WebSocket pings
	MaxBytes  int64  // the size limit of a client's frame
	Offer            // what clients may prefer
}

// Append appends e to dst as one JSON object and returns the longer slice. h is needed for SessionID, Resumed
// and a Matched with topics in common, and may be nil otherwise.
//
// A Ping and a Close are WebSocket control frames, not JSON, and a Replay stands for several messages: Append MUST NOT
// be called with them, and panics.
func Append(dst []byte, e *chat.Event, h *Hello) []byte {
	switch e.Kind {
	case chat.Message:
		return appendMessage(dst, e)
	case chat.TypingStart:
		return append(dst, msgTypingStart...)
	case chat.TypingStop:
		return append(dst, msgTypingStop...)
	case chat.Acked:
		dst = appendUint(dst, headAck, e.Recv)
		dst = appendUint(dst, `,"delivered":`, e.Delivered)
		return append(dst, '}')
	case chat.Gap:
		dst = appendUint(dst, headGap, e.N)
		return append(dst, '}')
	case chat.AuthSuccess:
		return append(dst, AuthSuccess...)
	case chat.SessionID:
		dst = appendText(dst, headSessionID, h.SessionID)
		dst = appendText(dst, `,"epoch":`, h.Epoch)
		return appendHello(dst, h)
	case chat.Resumed:
		return appendResumed(dst, e.Resumed, h)
	case chat.ResumeFailed:
		dst = appendText(dst, headResumeFailed, e.Code)
		return append(dst, '}')
	case chat.Searching:
		return append(dst, msgSearching...)
	case chat.Matched:
		dst = appendText(dst, headMatched, e.Alias)
		if e.Common != 0 {
			dst = appendNames(dst, `,"common":`, h.Topics, e.Common)
		}
		return append(dst, '}')
	case chat.PartnerAway:
		dst = appendInt(dst, headPartnerAway, int64(e.At))
		return append(dst, '}')
	case chat.PartnerBack:
		return append(dst, msgPartnerBack...)
	case chat.PartnerDisconnected:
		return append(dst, msgPartnerDisconnected...)
	case chat.ChatEnded:
		return append(dst, msgChatEnded...)
	case chat.Error:
		return appendError(dst, e)
	}
	panic(fmt.Sprintf("protocol: no message for an event of kind %d", e.Kind))
}

// AppendHead appends a Message with an image up to the image's first character. Followed by the unchanged image and Tail,
// it is the same message that Append writes.
func AppendHead(dst []byte, e *chat.Event) []byte {
	dst = appendMembers(dst, e)
	return append(dst, `,"imageUrl":"`...)
}

// AuthError appends an auth_error with its reason: ReasonNotAuthenticated or ReasonInvalidKey.
func AuthError(dst []byte, reason string) []byte {
	dst = appendText(dst, headAuthError, reason)
	return append(dst, '}')
}

func appendMessage(dst []byte, e *chat.Event) []byte {
	if e.Image == "" {
		dst = appendMembers(dst, e)
		return append(dst, '}')
	}
	dst = AppendHead(dst, e)
	dst = append(dst, e.Image...)
	return append(dst, Tail...)
}

// appendMembers appends a message without its image and its end. imageUrl is the last member, so that the image need not
// be in the same buffer as the others.
func appendMembers(dst []byte, e *chat.Event) []byte {
	dst = append(dst, headMessage...)
	if e.Text != "" {
		dst = appendText(dst, `"text":`, e.Text)
		dst = append(dst, ',')
	}
	dst = appendText(dst, `"from":`, e.Alias)
	if e.N != 0 {
		dst = appendUint(dst, `,"n":`, e.N)
	}
	if e.At != 0 {
		dst = appendInt(dst, `,"ts":`, int64(e.At))
	}
	return dst
}

func appendResumed(dst []byte, r *chat.Resumption, h *Hello) []byte {
	dst = appendText(dst, headResumed, h.Epoch)
	dst = appendText(dst, `,"state":`, r.State)
	if r.Alias != "" {
		dst = appendText(dst, `,"partnerId":`, r.Alias)
	}
	if r.State == chat.ResumedMatched {
		if r.Here {
			dst = append(dst, `,"partner":"here"`...)
		} else {
			dst = append(dst, `,"partner":"away"`...)
		}
	}
	dst = appendUint(dst, `,"recv":`, r.Recv)
	dst = appendUint(dst, `,"delivered":`, r.Delivered)
	dst = appendUint(dst, `,"last":`, r.Last)
	dst = appendInt(dst, `,"replay":`, int64(r.Replay))
	dst = append(dst, `,"gap":`...)
	dst = strconv.AppendBool(dst, r.Gap)
	dst = appendInt(dst, `,"awayMs":`, r.AwayMs)
	return appendHello(dst, h)
}

// appendHello appends the last members of session_id and resumed.
func appendHello(dst []byte, h *Hello) []byte {
	dst = appendInt(dst, `,"windowMs":`, h.WindowMs)
	dst = appendInt(dst, `,"pingMs":`, h.PingMs)
	dst = appendInt(dst, `,"maxBytes":`, h.MaxBytes)
	dst = appendNames(dst, `,"topics":`, h.Topics, math.MaxUint64)
	dst = appendNames(dst, `,"languages":`, h.Languages, math.MaxUint64)
	return append(dst, '}')
}

func appendError(dst []byte, e *chat.Event) []byte {
	dst = appendText(dst, headError, e.Code)
	dst = appendText(dst, `,"message":`, errorText(e.Code))
	if e.N != 0 {
		dst = appendUint(dst, `,"n":`, e.N)
	}
	if e.Expect != 0 {
		dst = appendUint(dst, `,"expect":`, e.Expect)
	}
	return append(dst, '}')
}

// errorText returns the text of an error for people; programs read the code.
func errorText(code chat.ErrorCode) string {
	switch code {
	case chat.ErrGap:
		return "A message before this one is missing."
	case chat.ErrBadImage:
		return "This image cannot be sent."
	case chat.ErrBadMessage:
		return "This message could not be read."
	case chat.ErrTooLarge:
		return "This message is too long."
	case chat.ErrNotMatched:
		return "There is no partner to send this to."
	case chat.ErrUnavailable:
		return "This cannot be done at the moment."
	case chat.ErrMailboxFull:
		return "Your partner is away and has no room for more messages."
	case "rate_limited":
		return "You are sending too fast."
	}
	return "This was refused."
}

func appendUint(dst []byte, head string, n uint64) []byte {
	return strconv.AppendUint(append(dst, head...), n, 10)
}

func appendInt(dst []byte, head string, n int64) []byte {
	return strconv.AppendInt(append(dst, head...), n, 10)
}

// appendText appends head and s as a JSON string. It escapes what RFC 8259 requires, and U+2028 and U+2029, which end a
// line in JavaScript. Invalid UTF-8, which cannot occur, becomes U+FFFD.
func appendText[S ~string](dst []byte, head string, s S) []byte {
	dst = append(dst, head...)
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(string(s[i:]))
			if (r != utf8.RuneError || size > 1) && r != '\u2028' && r != '\u2029' {
				i += size
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, r)
		} else {
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, rune(c))
		}
		i += size
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
