package chat

import (
	"encoding/hex"
	"time"
)

// Time is a moment in Unix milliseconds. The caller supplies it, and it never goes back within one run; this package
// never reads a clock. The zero Time means "never" or "not".
type Time int64

// Add returns the moment d after t, to the millisecond.
func (t Time) Add(d time.Duration) Time { return t + Time(d.Milliseconds()) }

// UTC returns t as a time.Time.
func (t Time) UTC() time.Time { return time.UnixMilli(int64(t)).UTC() }

// ID numbers a session: rising, never used twice in one database.
type ID uint64

// ConnID numbers a live socket within one run of the server; 0 is no socket.
type ConnID uint64

// PairID numbers a chat: rising, never used twice in one database; 0 is no chat.
type PairID uint64

// Hash is the SHA-256 of a session ID. The session ID itself is a bearer secret and never reaches this package.
// For a session of a legacy client, which has no session ID, the hash is 32 random bytes.
type Hash [32]byte

// String returns the short name used in logs and commands: "s_" and the first 8 hexadecimal digits.
func (h Hash) String() string { return "s_" + hex.EncodeToString(h[:4]) }

// Alias is the UUID by which a session is known to its partner, new for each chat and side: the partnerId and the from
// on the wire. It is never derived from a session.
type Alias string

// State is what a session is doing (law L1).
type State uint8

const (
	Idle    State = iota // neither waiting nor paired
	Waiting              // in the queue
	Paired               // in a chat
)

func (s State) String() string { return [...]string{"idle", "waiting", "paired"}[s] }

// Record is the durable part of a session: one row of the sessions table.
type Record struct {
	ID        ID
	Hash      Hash
	MailKey   MailKey // the key that its mail is sealed to; zero for a legacy client
	Resumable bool    // the client asked for a session ID; false for a legacy client, whose row is dropped at start
	CreatedAt Time
	AwaySince Time // 0 while a socket is attached
	EndedAt   Time // not 0: ended; until it expires the row exists only to answer a late resume

	Place    uint64 // place in the queue, rising, never reused; 0 when not waiting
	QueuedAt Time   // 0 when not waiting

	Pair      PairID // 0 when not paired
	Side      uint8  // 0 or 1: which of the two in the pair
	Alias     Alias  // by which the partner knows this session in this chat; "" when not paired
	MatchedAt Time   // 0 when not paired
}

// State returns the state of law L1 that the row implies.
func (r *Record) State() State {
	switch {
	case r.Place != 0:
		return Waiting
	case r.Pair != 0:
		return Paired
	}
	return Idle
}

// Change is one row of a batch: the record to write, or only its ID if Deleted.
type Change struct {
	Record
	Deleted bool
}
