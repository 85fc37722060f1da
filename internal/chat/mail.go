package chat

// MailKey is the public key that mail for a session is sealed to; zero for a legacy client. It is opaque to this package.
type MailKey [32]byte

// MailEntry is one place in a mailbox: a message in custody for a session that is away.
type MailEntry struct {
	To    ID      // the recipient
	Key   MailKey // the recipient's
	Pair  PairID  // the chat it was sent in
	From  Alias   // the sender's alias in that chat
	N     uint64  // its number in that chat
	At    Time    // when it was accepted
	Text  string
	Image string // a data URI or an https URL; if Text and Image are both empty, the place is empty and shows as a gap
}

// Event returns the event for a resumable recipient of the entry.
func (m *MailEntry) Event() Event {
	b := body{n: m.N, at: m.At, text: m.Text, image: m.Image}
	return b.event(m.From)
}

// MailAck deletes from the mailbox of To what it has confirmed of the chat Pair: the entries up to the number UpTo.
type MailAck struct {
	To   ID
	Pair PairID
	UpTo uint64
}

// Held describes a mailbox entry on disk without opening it.
type Held struct {
	To   ID
	Pair PairID
	From Alias
	N    uint64
	Size int // bytes on disk
}

// Found is the row of a hibernated session and the contents of its mailbox.
type Found struct {
	Record
	Mail []Held // by rising N; of one chat
}

// Saved is what a new run finds on disk.
type Saved struct {
	Records   []Record // the sessions that were waiting or paired
	Mail      []Held   // their mailbox entries, by rising To, Pair and N
	MailBytes int64    // of all mailboxes, including those of hibernated sessions
	Rows      int      // all sessions on disk
}

// Batch is what one transaction must make durable. Entries are written before MailAcks delete.
type Batch struct {
	N        uint64 // rising by 1
	Changes  []Change
	Entries  []MailEntry
	MailAcks []MailAck
}

// Empty reports whether b has nothing to write.
func (b *Batch) Empty() bool {
	return len(b.Changes) == 0 && len(b.Entries) == 0 && len(b.MailAcks) == 0
}

// MailRange names the mailbox entries of a replay: those of one chat with After < N ≤ UpTo. A number in the range without
// an entry, or with an empty one, shows as a gap.
type MailRange struct {
	To    ID
	Pair  PairID
	Alias Alias // the sender's
	After uint64
	UpTo  uint64
}
