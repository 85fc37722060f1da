package chat

import "time"

// Limits are the times and bounds that can change while a Lobby runs. Every duration is at least a millisecond.
type Limits struct {
	IdleAfter        time.Duration // a resumable session neither waiting nor paired is hibernated after this without activity
	ChatWindow       time.Duration // a chat waits this long for a side that is away
	ChatWindowLegacy time.Duration // the same, when the other side is an old client
	QueueWindow      time.Duration // a waiting session that is away keeps its place this long
	SleepMax         time.Duration // the longest absence a client can announce
	RematchAfter     time.Duration // two who have just left each other are not matched again before this
	SettleTimeout    time.Duration // a legacy client whose pings are eaten is matched again this long after one was written

	RingMessages    int   // messages of one direction that wait for the receiver's ack…
	RingBytes       int   // … and their bytes
	RingTotal       int64 // the bytes of all of them
	MailboxMessages int   // letters in custody for one session…
	MailboxBytes    int   // … and their bytes
	MailTotal       int64 // the bytes of all mailboxes
	EntryMax        int   // text and image of one letter; 0: any

	UncommittedRows  int   // beyond so many rows that are not committed nothing that changes a row is accepted; 0: any…
	UncommittedBytes int64 // … nor beyond so many bytes of letters; 0: any
}

// SetLimits puts limits in force. A window that is open stays as long as somebody was told that it would; what is held beyond a
// limit stays held.
func (l *Lobby) SetLimits(limits Limits) {
	l.cfg.Limits = limits
	for _, s := range l.queue.ready { // two who have just left each other wait for RematchAfter, and nothing else wakes them
		l.schedule(s)
	}
}

// Full reports whether so much is uncommitted that nothing more is accepted which changes a row.
func (l *Lobby) Full() bool {
	_, rows := l.Batch()
	for _, f := range l.underWay {
		rows += f.rows
	}
	return l.cfg.UncommittedRows > 0 && rows >= l.cfg.UncommittedRows ||
		l.cfg.UncommittedBytes > 0 && l.mail.uncommitted >= l.cfg.UncommittedBytes
}

// changesRows reports whether c, of s, would change a row, which Full is a reason to refuse. A Detach cannot be refused: a socket
// that is gone is gone.
func (s *session) changesRows(c *Command) bool {
	switch c.Op {
	case Search, End:
		return true
	case Send:
		return c.N <= MaxNumber && s.partner != nil && s.partner.conn == 0
	}
	return false
}

// refuse answers a command that is not accepted for now. A legacy client cannot be told, and has to wait. What is told depends on no
// batch.
func (l *Lobby) refuse(s *session, c *Command) {
	if !s.Resumable {
		return
	}
	l.events = append(l.events, Event{Conn: s.conn, Kind: Error, Code: ErrUnavailable, N: c.N})
	l.note(Fact{Kind: FactErred, Session: s.Hash, Code: ErrUnavailable})
}
