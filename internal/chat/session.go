package chat

import (
	"cmp"
	"slices"
)

// session is one session in memory: its row and what is only true while it is here.
type session struct {
	Record // durable: whoever writes it MUST call Lobby.touch

	// how the record stands with the disk
	dirty   bool   // in Lobby.dirty
	onDisk  bool   // a batch has carried it
	gone    bool   // the row is to be deleted
	changed uint64 // the batch of its last change

	// presence
	conn   ConnID // 0 while away
	active Time   // last frame other than ping, ack and typing
	until  Time   // away and waiting or paired: when its place or chat is lost
	asleep bool   // a sleep was announced and nothing was said since
	silent bool   // it waits, and has not been heard for too long
	nap    Time   // the length announced, in milliseconds

	// the chat; lost with the process
	partner *session // symmetric (law L2)
	out     *flow    // from this session to its partner; nil when there is none
	shows   bool     // the last typing event it was told is a start
	mail    *mailbox // what is held for it, durable; nil when nothing is

	// eligibility (law L3); lost with the process
	former ID     // the last partner
	parted Time   // when that chat ended
	pulse  *pulse // lost with the socket; nil: it was told no ping

	deadline Time // 0: none
	index    int  // in Lobby.due; -1: not there
}

// attached returns the sessions with a socket in the order of their Conns.
func (l *Lobby) attached() []*session {
	all := make([]*session, 0, len(l.conns))
	for _, s := range l.conns {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *session) int { return cmp.Compare(a.conn, b.conn) })
	return all
}

// hideTyping takes a shown typing indicator away: clients keep it for ever otherwise.
func (l *Lobby) hideTyping(s *session) {
	if s.shows && s.conn != 0 { // who is away is told as it comes back
		s.shows = false
		l.tell(s, Event{Kind: TypingStop})
	}
}

// forget drops an idle session without a socket from memory; its row lives on.
func (l *Lobby) forget(s *session) {
	s.deadline = 0
	l.due.fix(s)
	delete(l.sessions, s.Hash)
	if s.Resumable && s.changed > l.committed {
		l.leaving[s.Hash] = s.changed
		l.left = append(l.left, leaver{s.Hash, s.changed})
	}
	l.recall(s)
}
