package chat

// Kind says what an Event tells. protocol documents each on the wire.
type Kind uint8

const (
	AuthSuccess         Kind = iota + 1
	SessionID                // a new resumable session
	Resumed                  // Resumed
	ResumeFailed             // Code; a SessionID follows
	Searching                // durably in the queue
	Matched                  // Alias: the partner's
	Message                  // Alias, Text, Image, N and At (0 for old clients)
	TypingStart              //
	TypingStop               //
	PartnerAway              // At: when the chat ends unless the partner is back
	PartnerBack              //
	PartnerDisconnected      // durably in the queue again
	ChatEnded                //
	Acked                    // Recv, Delivered
	Gap                      // N: nothing more comes up to this number
	Error                    // Code, N, Expect
	Ping                     // N: a WebSocket ping; its pong comes back as a Pong command
	Probe                    // N: a Ping behind which the socket reports its next byte with a Heard command
	Close                    // CloseCode: close the socket once all before it is written
	Replay                   // Mail: the letters that are sent here, as Message and Gap, from disk
)

// Event is one thing to tell one socket.
type Event struct {
	Conn ConnID
	Kind Kind
	// After is the batch this event depends on. It MUST NOT leave before that batch is committed; neither may
	// any event to the same Conn that comes behind it (laws L4, L6).
	After uint64

	Alias     Alias
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

// Resumption is the answer to a resume that succeeded: where the session stands.
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

// Close codes the lobby decides on; the rest belong to the socket layer.
const (
	CloseNormal     = 1000 // the chat was ended by its owner
	CloseRestart    = 1012 // the server restarts
	CloseHibernated = 4100 // idle; the session lives on
	CloseImpossible = 4400 // it claims what cannot be
	CloseReplaced   = 4409 // a newer socket of the same session took over
	CloseRevoked    = 4410 // an operator ended the session
)
