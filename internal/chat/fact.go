package chat

// FactKind is what a Fact is about.
type FactKind uint8

// The kinds, with the fields that count. Session is always set.
const (
	FactAttached FactKind = iota + 1 // a socket has authenticated: Conn, Network, Resumable
	FactResumed                      // it resumed: State, Took is how long it was away, Count messages follow
	FactRefused                      // it asked for a session that cannot be resumed: Code
	FactSearched                     // it asked for a partner, and is in the queue
	FactMatched                      // With: the partner. Took is how long Session was in the queue; one Fact for each side
	FactRelayed                      // its message was relayed to With: Text, Image
	FactHeld                         // its message is held for With: Text, Image
	FactAway                         // its socket is lost, and it may resume: State is what it was doing
	FactBack                         // With, the partner, was told that it has resumed
	FactEnded                        // its chat is over because of With: Cause
	FactStanding                     // it has begun or ceased to stand out, as its chat ends: Network, StandsOut
	FactErred                        // it was sent an error: Code
	FactKicked                       // an operator ended it
)

// Fact is something that has happened, reported once. Facts are for the live tail and the metrics: they are not sent to
// clients, and do not wait for a commit.
type Fact struct {
	Kind      FactKind
	Session   Hash
	With      Hash
	Conn      ConnID
	Network   Network
	Resumable bool
	StandsOut bool
	State     string
	Code      ErrorCode
	Cause     Cause
	Took      Time // milliseconds
	Count     int
	Text      int // bytes
	Image     int // bytes
}

// Cause is why a chat ended.
type Cause uint8

const (
	CauseNext        Cause = iota + 1 // With searched for another partner
	CauseEnd                          // With sent end_chat
	CauseLeft                         // With cannot resume, or closed its socket permanently
	CauseAway                         // With stayed away too long
	CauseMailboxFull                  // a legacy client's message cannot be held for With
	CauseKicked                       // an operator ended With
)

func (l *Lobby) note(f Fact) { l.facts = append(l.facts, f) }
