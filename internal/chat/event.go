package chat

// Kind is what an Event reports. Package protocol documents each kind on the wire.
type Kind uint8

const (
	AuthSuccess         Kind = iota + 1
	SessionID                // a new resumable session
	Resumed                  // Resumed
	ResumeFailed             // Code; a SessionID follows
	Searching                // durably in the queue
	Matched                  // Alias: the partner's; Common
	Message                  // Alias, Text, Image, N and At (0 for legacy clients)
	TypingStart              //
	TypingStop               //
	PartnerAway              // At: when the chat ends unless the partner resumes
	PartnerBack              //
	PartnerDisconnected      // durably in the queue again
	ChatEnded                //
	Acked                    // Recv, Delivered
	Gap                      // N: no more messages arrive up to this number
	Error                    // Code, N, Expect
	Ping                     // N: a WebSocket ping; its pong comes back as a Pong command
	Probe                    // N: a Ping after which the socket reports its next byte with a Heard command
	Close                    // CloseCode: close the socket once everything before it is written
	Replay                   // Mail: the mailbox entries to send here, as Message and Gap, from disk
)

// Event is one notification for one socket.
type Event struct {
	Conn ConnID
	Kind Kind
	// After is the batch this event depends on. The event MUST NOT leave before that batch is committed, nor may
	// any later event to the same Conn (laws L4, L6).
	After uint64

	Alias     Alias
	Common    uint64 // topics that both prefer
	Text      string
	Image     string
	N         uint64
	At        Time
	Recv      uint64
	Delivered uint64
	Expect    uint64
	Code      ErrorCode
	CloseCode int
	Resumed   *Resumption
	Mail      *MailRange
}

// Resumption answers a resume that succeeded: it is the state of the session.
type Resumption struct {
	State     ResumedState
	Alias     Alias // the partner's; "" unless State is matched or ended
	Here      bool  // matched: the partner is attached
	Recv      uint64
	Delivered uint64
	Last      uint64
	Replay    int
	Gap       bool
	AwayMs    int64 // how long this session was away
}

// ResumedState is the state named in resumed.
type ResumedState string

const (
	ResumedMatched   ResumedState = "matched"
	ResumedEnded     ResumedState = "ended"
	ResumedSearching ResumedState = "searching"
	ResumedIdle      ResumedState = "idle"
)

// ErrorCode is the code of an error or of a resume_failed.
type ErrorCode string

const (
	ErrGap         ErrorCode = "gap"
	ErrBadImage    ErrorCode = "bad_image"
	ErrBadMessage  ErrorCode = "bad_message"
	ErrTooLarge    ErrorCode = "too_large"
	ErrNotMatched  ErrorCode = "not_matched"
	ErrUnavailable ErrorCode = "unavailable"
	ErrMailboxFull ErrorCode = "mailbox_full"

	ResumeExpired ErrorCode = "expired"
	ResumeUnknown ErrorCode = "unknown"
	ResumeEnded   ErrorCode = "ended"
)

// Close codes that the lobby sends; the others belong to the socket layer.
const (
	CloseNormal     = 1000 // the client ended the chat
	CloseRestart    = 1012 // the server restarts
	CloseHibernated = 4100 // idle; the session lives on
	CloseImpossible = 4400 // the client makes an impossible claim
	CloseReplaced   = 4409 // a newer socket of the same session took over
	CloseRevoked    = 4410 // an operator ended the session
)
