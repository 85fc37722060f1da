package chat

// FactKind says what a Fact is about.
type FactKind uint8

// The kinds, with the fields that count. Session is always there.
const (
	FactAttached FactKind = iota + 1 // a socket has authenticated: Conn, Resumable
	FactResumed                      // it came back: State, Took is how long it was away, Count messages follow
	FactRefused                      // it asked for a session that is not there: Code
	FactSearched                     // it asked for a partner, and is in the queue
	FactMatched                      // With: the partner. Took is how long Session was in the queue; one Fact a side
	FactRelayed                      // its message was passed on to With: Text, Image
	FactHeld                         // its message is held for With: Text, Image
	FactAway                         // its socket is gone, and it may come back: State is what it was doing
	FactBack                         // With, the partner, was told that it is back
	FactEnded                        // its chat is over because of With: Cause
	FactErred                        // it was told an error: Code
	FactKicked                       // an operator ended it
)

// Fact is something that has happened, told once, where it is known. Facts are for whoever watches or counts: no client hears of
// them, and they wait for no commit.
type Fact struct {
	Kind      FactKind
	Session   Hash
	With      Hash
	Conn      ConnID
	Resumable bool
	State     string
	Code      ErrorCode
	Cause     Cause
	Took      Time // milliseconds
	Count     int
	Text      int // bytes
	Image     int // bytes
}

// Cause is why a chat has ended.
type Cause uint8

const (
	CauseNext        Cause = iota + 1 // With searched for another partner
	CauseEnd                          // With said end_chat
	CauseLeft                         // With cannot come back, or closed its socket for good
	CauseAway                         // With stayed away too long
	CauseMailboxFull                  // what an old client writes cannot be held for With
	CauseKicked                       // an operator ended With
)

func (l *Lobby) note(f Fact) { l.facts = append(l.facts, f) }
