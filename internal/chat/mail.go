package chat

// MailKey is the public key that mail for a session is sealed to; zero for an old client. What it is made of is
// none of this package's business.
type MailKey [32]byte

// MailEntry is one place in a mailbox: a message in custody for a session that is away.
type MailEntry struct {
	To    ID      // the recipient
	Key   MailKey // the recipient's
	Pair  PairID  // the chat it was sent in
	From  Alias   // what the recipient knows the sender by in that chat
	N     uint64  // its number there
	At    Time    // when it was accepted
	Text  string
	Image string // a data URI or an https URL; Text and Image both empty: an empty place, which shows as a gap
}

// Event is what a resumable recipient is told of the letter.
func (m *MailEntry) Event() Event {
	b := body{n: m.N, at: m.At, text: m.Text, image: m.Image}
	return b.event(m.From)
}

// MailAck deletes from the mailbox of To what it has confirmed of the chat Pair: the letters up to the number UpTo.
type MailAck struct {
	To   ID
	Pair PairID
	UpTo uint64
}

// Held is what is known of a letter on disk without opening it.
type Held struct {
	To   ID
	Pair PairID
	From Alias
	N    uint64
	Size int // bytes on disk
}

// Found is the row of a hibernated session and what its mailbox holds.
type Found struct {
	Record
	Mail []Held // by rising N; of one chat
}

// Saved is what a restart finds on disk.
type Saved struct {
	Records   []Record // the sessions that were waiting or paired
	Mail      []Held   // what is held for those, by rising To, Pair and N
	MailBytes int64    // what all mailboxes together hold, those of hibernated sessions too
}

// Batch is what one transaction is to make durable. Letters are written before Receipts delete.
type Batch struct {
	N        uint64 // rising by 1
	Changes  []Change
	Entries  []MailEntry
	MailAcks []MailAck
}

// Empty says whether there is nothing to write.
func (b *Batch) Empty() bool {
	return len(b.Changes) == 0 && len(b.Entries) == 0 && len(b.MailAcks) == 0
}

// MailRange names the letters a replay consists of: those of one chat with After < N ≤ UpTo. A number in the range
// that has no letter, or an empty one, shows as a gap.
type MailRange struct {
	To    ID
	Pair  PairID
	Alias Alias // the sender's
	After uint64
	UpTo  uint64
}
