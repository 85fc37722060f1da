package chat

import (
	"cmp"
	"slices"
)

// session is one session in memory: its row, and state that exists only in memory.
type session struct {
	Record // durable: code that changes it MUST call Lobby.markDirty

	// whether the record is on disk
	dirty   bool   // in Lobby.dirty
	onDisk  bool   // a batch has carried it
	gone    bool   // the row must be deleted
	changed uint64 // the batch of its last change

	// presence
	conn   ConnID // 0 while away
	active Time   // last frame other than ping, ack and typing
	until  Time   // away and waiting or paired: when it loses its place or chat
	hidden Time   // away and paired: when its partner is told; 0: it was, or need not be
	asleep bool   // a sleep was announced, and no frame has arrived since
	silent bool   // it waits, and was not heard for too long
	nap    Time   // the announced length of the sleep, in milliseconds

	// the chat; lost with the process
	partner *session // symmetric (law L2)
	out     *flow    // from this session to its partner; nil when there is none
	shows   bool     // the last typing event it was sent is a start
	mail    *mailbox // held messages, durable; nil if there are none

	// matching (law L3); lost with the process
	wants     Preferences
	since     Time      // when it began to wait; brief chats included
	asked     Time      // when it last said what it prefers
	paced     Time      // how far its searches are ahead of their pace
	notBefore Time      // when it can be matched
	former    *partners // nil: it has had none
	network   Network   // of its latest socket
	quota     *quota    // of network; nil: none
	streaks   streaks
	hurries   bool    // its last search was over its pace, or its network over a rate
	proven    bool    // it has had a proper chat
	noted     bool    // it stands out, as last reported
	ticket    *ticket // while it waits and can be matched; nil: it cannot be
	pulse     *pulse  // lost with the socket; nil: it was sent no ping

	deadline Time // 0: none
	index    int  // in Lobby.due; -1: not in it
}

// hasRow reports whether s has a row, or a batch under way or to come has one for it. A session gets its row with its first
// search; one that never searched ends with its socket and leaves nothing.
func (s *session) hasRow() bool { return s.onDisk || s.dirty }

// attached returns the sessions with a socket, ordered by Conn.
func (l *Lobby) attached() []*session {
	all := make([]*session, 0, len(l.conns))
	for _, s := range l.conns {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *session) int { return cmp.Compare(a.conn, b.conn) })
	return all
}

// hideTyping hides a shown typing indicator, which clients otherwise show forever.
func (l *Lobby) hideTyping(s *session) {
	if s.shows && s.conn != 0 { // a session that is away is told when it resumes
		s.shows = false
		l.tell(s, Event{Kind: TypingStop})
	}
}

// forget drops an idle session without a socket from memory; its row stays.
func (l *Lobby) forget(s *session) {
	s.deadline = 0
	l.due.fix(s)
	delete(l.sessions, s.Hash)
	if s.Resumable && s.changed > l.committed {
		l.leaving[s.Hash] = s.changed
		l.left = append(l.left, leaver{s.Hash, s.changed})
	}
	l.recall(s)
	l.lend(s)
	l.moves(s, 0)
}
