package chat

import (
	"encoding/hex"
	"time"
)

// Time is a moment in unix milliseconds. It is given by the caller, never read from a clock here, and never
// goes back within one run. The zero Time means "never" or "not".
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
// A session of a legacy client, which has no session ID, has 32 random bytes here.
type Hash [32]byte

// String is the short name that people and logs see: "s_" and the first 8 hexadecimal digits.
func (h Hash) String() string { return "s_" + hex.EncodeToString(h[:4]) }

// Alias is the UUID a session is known by to its partner, fresh for each chat and side: the partnerId and the
// from of the wire. It is never derived from a session.
type Alias string

// State is what a session is doing (law L1).
type State uint8

const (
	Idle    State = iota // neither of the others
	Waiting              // in the queue
	Paired               // in a chat
)

func (s State) String() string { return [...]string{"idle", "waiting", "paired"}[s] }

// Record is the durable part of a session: one row of the sessions table.
type Record struct {
	ID        ID
	Hash      Hash
	MailKey   MailKey // what mail for it is sealed to; zero for a legacy client
	Resumable bool    // the client asked for a session ID; false for a legacy client, whose row is dropped at start
	CreatedAt Time
	AwaySince Time // 0 while a socket is attached
	EndedAt   Time // not 0: ended by its owner; the row only says so to a late resume, until it expires

	Place    uint64 // place in the queue, rising, never used twice; 0 when not waiting
	QueuedAt Time   // 0 when not waiting

	Pair      PairID // 0 when not paired
	Side      uint8  // 0 or 1: which of the two in the pair
	Alias     Alias  // what the partner knows this session by in this chat; "" when not paired
	MatchedAt Time   // 0 when not paired
}

// State derives law L1's state from the row.
func (r *Record) State() State {
	switch {
	case r.Place != 0:
		return Waiting
	case r.Pair != 0:
		return Paired
	}
	return Idle
}

// Change is one row of a batch: the record as it is to be on disk, or only its ID when Deleted.
type Change struct {
	Record
	Deleted bool
}
