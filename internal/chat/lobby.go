package chat

import "time"

// Config is what a Lobby needs from outside; static after construction but for what Retune changes. Every duration is at
// least a millisecond.
type Config struct {
	NewAlias func() Alias // the only source of randomness: a UUID never given before
	Epoch    string       // names the history of the database; a resume from another epoch has no chat left
	Boot     uint64       // number of this run; IDs, places and pairs are numbered from Boot<<32
	Since    uint64       // number of the first run in this epoch

	SessionTTL    time.Duration // a session without a socket can be resumed this long
	IdleAfter     time.Duration // a resumable session neither waiting nor paired is hibernated after this without activity
	ChatWindow    time.Duration // a chat waits this long for a side that is away
	ChatWindowOld time.Duration // the same, when the other side is an old client
	QueueWindow   time.Duration // a waiting session that is away keeps its place this long
	SleepMax      time.Duration // the longest absence a client can announce
	RematchAfter  time.Duration // two who have just left each other are not matched again before this
	SettleTimeout time.Duration // a legacy client whose pings are eaten is matched again this long after one was written

	RingMessages    int   // messages of one direction that wait for the receiver's ack…
	RingBytes       int   // … and their bytes
	RingTotal       int64 // the bytes of all of them
	MailboxMessages int   // letters in custody for one session…
	MailboxBytes    int   // … and their bytes
	MailTotal       int64 // the bytes of all mailboxes
	LetterMax       int   // text and image of one letter; 0: any

	// LetterBytes is how many bytes a text and an image, of these lengths, take as a letter on disk; nil: as in a ring.
	LetterBytes func(text, image int) int
}

// Lobby owns who is waiting and who is paired with whom. It is not safe for concurrent use: the caller is its
// one owner.
type Lobby struct {
	cfg   Config
	sight func(ConnID) Sight // see Sees

	now    Time    // of the current step, in server time
	wall   Time    // … and by the wall clock
	unsure bool    // … which may be wrong
	events []Event // of the current step, reused
	waited []Time  // how long those matched in the current step have been in the queue, reused
	wrote  bool    // the current step changed a record

	conns    map[ConnID]*session // the attached sessions; a Conn that is not here is fenced (law L7)
	sessions map[Hash]*session   // every session in memory: attached, waiting or paired
	ready    []*session          // eligible, oldest first; few, see match
	due      deadlines

	batch     uint64     // number of the batch that changes go into
	committed uint64     // the caller has reported this batch as durable
	dirty     []*session // sessions whose record changed in this batch
	letters   []Letter   // of this batch
	receipts  []Receipt  // of this batch
	unwritten int64      // bytes of the letters that are not committed
	custody   []custody  // what the batches not yet committed promise, by rising batch
	mailBytes int64      // of all mailboxes, those of hibernated sessions too
	ringBytes int64      // of all rings
	stopped   bool

	// of sessions that have left memory
	leaving  map[Hash]uint64 // the batch of its last change, until that is committed
	left     []leaver        // … by rising batch
	parted   map[ID]parting  // its last chat, while that may not begin again
	partings []parting       // … the oldest first, about

	lastID    ID
	lastPlace uint64
	lastPair  PairID
	lastPing  uint64
}

// New returns an empty lobby whose first batch is number 1.
func New(cfg Config) *Lobby {
	if cfg.LetterBytes == nil {
		cfg.LetterBytes = func(text, image int) int { return letterOverhead + text + image }
	}
	first := cfg.Boot << 32
	return &Lobby{
		cfg:      cfg,
		conns:    make(map[ConnID]*session),
		sessions: make(map[Hash]*session),
		leaving:  make(map[Hash]uint64),
		parted:   make(map[ID]parting),
		batch:    1,
		lastID:   ID(first), lastPlace: first, lastPair: PairID(first),
	}
}

// Step applies one command at the moment now and returns what is to be told, in order. The slice is reused by
// the next Step. A command from a Conn that is not attached does nothing.
func (l *Lobby) Step(now Moment, c *Command) []Event {
	l.now, l.wall, l.unsure, l.wrote = max(l.now, now.Server), now.Wall, now.Unsure, false
	clear(l.events)
	l.events, l.waited = l.events[:0], l.waited[:0]
	if l.stopped {
		return nil
	}
	switch c.Op {
	case Attach:
		l.attach(c.Conn, c.Auth)
	case Kick:
		l.kick(c.Auth)
	case Tick:
		l.expire()
	case Stop:
		l.stop()
	default:
		if s := l.conns[c.Conn]; s != nil {
			probed := s.probed()
			if probed {
				s.pulse.probed = false
			}
			l.command(s, c)
			if l.conns[c.Conn] == s {
				l.heard(s, probed)
			}
		}
	}
	if l.wrote {
		for i := range l.events {
			l.events[i].After = l.batch
		}
	}
	return l.events
}

func (l *Lobby) command(s *session, c *Command) {
	switch c.Op {
	case Heard:
		return
	case AppPing:
		l.classify(s, c)
		l.schedule(s)
		return
	case Ack:
		l.ack(s, c)
		return
	case Pong:
		l.pong(s, c.N)
		return
	case Typing:
		l.classify(s, c)
		l.typing(s, c.Start)
		l.schedule(s)
		return
	case Detach:
		l.detach(s, c.Leaves)
		return
	}
	s.active = l.now
	s.asleep = false
	switch c.Op {
	case Search:
		l.search(s, c.Partner)
	case Send:
		l.classify(s, c)
		l.send(s, c)
	case Sleep:
		l.sleep(s, c.For)
	case End:
		l.tell(s, Event{Kind: ChatEnded})
		l.tell(s, Event{Kind: Close, CloseCode: CloseNormal})
		l.end(s)
	case Malformed:
		if s.Resumable {
			l.tell(s, Event{Kind: Error, Code: c.Refused})
		}
	}
	l.schedule(s)
}

// tell queues e for the socket of s, if it has one.
func (l *Lobby) tell(s *session, e Event) {
	if s.conn == 0 {
		return
	}
	e.Conn, e.After = s.conn, s.changed
	l.events = append(l.events, e)
}

// touch marks the record of s as changed: it is part of the batch, and so is all that this step tells.
func (l *Lobby) touch(s *session) {
	l.wrote = true
	s.changed = l.batch
	if !s.dirty {
		s.dirty = true
		l.dirty = append(l.dirty, s)
	}
}

// Dirty counts the rows that the next Flush can return.
func (l *Lobby) Dirty() int { return len(l.dirty) + len(l.letters) + len(l.receipts) }

// Batch is the number the next Flush will give.
func (l *Lobby) Batch() uint64 { return l.batch }

// Flush fills b with the next batch: the net rows changed since the last Flush, and what mailboxes gain and lose.
// The events that depend on it carry its number in After.
func (l *Lobby) Flush(b *Batch) {
	b.N = l.batch
	b.Changes = b.Changes[:0]
	for _, s := range l.dirty {
		s.dirty = false
		if s.gone {
			if s.onDisk {
				b.Changes = append(b.Changes, Change{Record: Record{ID: s.ID}, Deleted: true})
			}
			continue
		}
		s.onDisk = true
		b.Changes = append(b.Changes, Change{Record: s.Record})
	}
	b.Letters, l.letters = l.letters, nil // bodies are let go of with their batch
	b.Receipts, l.receipts = l.receipts, nil
	clear(l.dirty)
	l.dirty = l.dirty[:0]
	l.batch++
}

// Unwritten is how many bytes of letters wait for their commit.
func (l *Lobby) Unwritten() int64 { return l.unwritten }

// WouldHold says whether a message from conn goes into a mailbox now: whether it changes rows.
func (l *Lobby) WouldHold(conn ConnID) bool {
	s := l.conns[conn]
	return s != nil && s.partner != nil && s.partner.conn == 0
}

// PartnerOf returns the chat that the session attached to conn is in, and the Conn of its partner; 0 for what there is not.
func (l *Lobby) PartnerOf(conn ConnID) (partner ConnID, chat PairID) {
	s := l.conns[conn]
	if s == nil || s.partner == nil {
		return 0, 0
	}
	return s.partner.conn, s.Pair
}

// Swept reports how many bytes the mailboxes of hibernated sessions held that are gone.
func (l *Lobby) Swept(bytes int64) { l.mailBytes = max(l.mailBytes-bytes, 0) }

// Holds says whether the session of h is in memory; if not, Attach needs its row in Auth.Found.
func (l *Lobby) Holds(h Hash) bool { return l.sessions[h] != nil }

// Attached counts the sessions that have a socket.
func (l *Lobby) Attached() int { return len(l.conns) }

// Resumable says whether the session attached to conn is one that can be resumed.
func (l *Lobby) Resumable(conn ConnID) bool {
	s := l.conns[conn]
	return s != nil && s.Resumable
}

// stop tells every attached session that the server restarts, and takes into custody what is on its way to them.
// The records stay as they are: whoever was attached counts as away from the moment the next run listens.
func (l *Lobby) stop() {
	for _, s := range l.attached() {
		l.hideTyping(s)
		if s.Pair != 0 && s.Resumable {
			l.seal(s)
		}
	}
	for _, s := range l.attached() {
		if !s.Resumable && s.Pair != 0 { // else its transcript stays on the screen above the next stranger
			l.tell(s, Event{Kind: ChatEnded})
		}
		l.tell(s, Event{Kind: Close, CloseCode: CloseRestart})
	}
	l.stopped = true
}
