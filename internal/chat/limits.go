package chat

import "time"

// Limits are the durations and bounds that can change while a Lobby runs. Every duration is at least a millisecond.
type Limits struct {
	IdleAfter        time.Duration // a resumable session neither waiting nor paired is hibernated after this without activity
	ChatWindow       time.Duration // a chat waits this long for a side that is away
	ChatWindowLegacy time.Duration // the same, if the other side is a legacy client
	AwayAfter        time.Duration // a session that is away this long is reported to its partner
	QueueWindow      time.Duration // a waiting session that is away keeps its place this long
	SleepMax         time.Duration // the longest absence a client can announce
	OpenAfter        time.Duration // a waiting session with topics is matched with sessions without a topic in common after this…
	LateAfter        time.Duration // … and with any session, whatever its topics and languages, after this
	MatchEvery       time.Duration // a session is matched once in this time for its searches; 0: without a limit…
	MatchBurst       int           // … after this many that are matched at once
	RematchAfter     time.Duration // two sessions that have just parted are not matched again before this
	RecentFor        time.Duration // a session is not matched with one of its last partners for this long, unless both have waited for LateAfter
	SettleTimeout    time.Duration // a legacy client whose pings are swallowed is matched again this long after a ping was written

	LowPriority LowPriority // what to do with sessions that stand out (standing.go)

	RingMessages    int   // messages of one direction that wait for the receiver's ack…
	RingBytes       int   // … and their bytes
	RingTotal       int64 // the bytes of all of them
	NetworkShare    int   // one network may leave unconfirmed one part in this many of RingTotal; 0: any…
	NetworkMail     int64 // … and write as much into mailboxes; 0: any
	MailboxMessages int   // entries in the mailbox of one session…
	MailboxBytes    int   // … and their bytes
	MailTotal       int64 // the bytes of all mailboxes
	EntryMax        int   // text and image of one entry; 0: any

	SessionRows      int   // with this many rows no session begins to search; 0: no limit
	UncommittedRows  int   // with this many uncommitted rows, no command that changes a row is accepted; 0: no limit…
	UncommittedBytes int64 // … nor with this many uncommitted bytes of entries; 0: no limit
}

// SetLimits applies limits. An open window keeps the length that was announced to a client; messages already held beyond a
// limit stay held.
func (l *Lobby) SetLimits(limits Limits) {
	l.cfg.Limits = limits
	for pool := range pools {
		for t := range l.maker.tickets(pool) { // what they wait for may come sooner now
			t.due = max(l.now, 1)
			l.maker.windows.fix(t)
		}
	}
}

// Full reports whether so much is uncommitted that no command that changes a row is accepted.
func (l *Lobby) Full() bool {
	_, rows := l.Batch()
	for _, f := range l.underWay {
		rows += f.rows
	}
	return l.cfg.UncommittedRows > 0 && rows >= l.cfg.UncommittedRows ||
		l.cfg.UncommittedBytes > 0 && l.mail.uncommitted >= l.cfg.UncommittedBytes
}

// Refuses reports whether Step would not apply c now.
func (l *Lobby) Refuses(c *Command) bool {
	s := l.conns[c.Conn]
	return s != nil && (l.isFullFor(s, c) || l.hasTooManyRowsFor(s, c))
}

func (l *Lobby) isFullFor(s *session, c *Command) bool { return s.changesRows(c) && l.Full() }

// hasTooManyRowsFor reports whether c would add a row beyond SessionRows. Its client waits: rows expire.
func (l *Lobby) hasTooManyRowsFor(s *session, c *Command) bool {
	return c.Op == Search && !s.hasRow() && l.cfg.SessionRows > 0 && l.rows >= l.cfg.SessionRows
}

// changesRows reports whether c, from s, would change a row and so is refused when the lobby is Full. A Detach cannot be
// refused: the socket is already closed.
func (s *session) changesRows(c *Command) bool {
	switch c.Op {
	case Search, End:
		return true
	case Send:
		return c.N <= MaxNumber && s.partner != nil && s.partner.conn == 0
	}
	return false
}

// refuse answers a command that is not accepted for now. A legacy client cannot be told, and has to wait. The answer does
// not depend on a batch.
func (l *Lobby) refuse(s *session, c *Command) {
	if !s.Resumable {
		return
	}
	l.events = append(l.events, Event{Conn: s.conn, Kind: Error, Code: ErrUnavailable, N: c.N})
	l.note(Fact{Kind: FactErred, Session: s.Hash, Code: ErrUnavailable})
}
