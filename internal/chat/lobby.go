package chat

import "time"

// Config is what a Lobby needs from outside. It is static after construction, except for Limits.
type Config struct {
	NewAlias func() Alias // the only source of randomness: a UUID never returned before
	Epoch    string       // names the history of the database; the chat named by a resume from another epoch is over
	Boot     uint64       // number of this run; IDs, places and pairs are numbered from Boot<<32
	Since    uint64       // number of the first run in this epoch

	Topics     int           // how many the operator offers, at most 64
	SessionTTL time.Duration // a session without a socket can be resumed this long
	Limits

	// EntryBytes returns how many bytes a mailbox entry with a text and an image of these lengths takes on disk; nil: as in
	// a ring.
	EntryBytes func(text, image int) int
}

// Lobby owns the state of all sessions: which wait, and which are paired with each other. It is not safe for concurrent
// use: the caller is its only owner.
type Lobby struct {
	cfg   Config
	sight func(ConnID) Sight // see Sees

	now    Time    // of the current step, in server time
	wall   Time    // … and by the wall clock
	unsure bool    // … which may be wrong
	events []Event // of the current step, reused
	facts  []Fact  // of the current step, reused
	wrote  bool    // the current step changed a record
	vain   bool    // the current step is a search that changes nothing

	conns     map[ConnID]*session // the attached sessions; a Conn that is not here is fenced (law L7)
	sessions  map[Hash]*session   // every session in memory: attached, waiting or paired
	maker     matchmaker
	standings standings
	due       agenda[*session]

	batch     uint64     // number of the batch that changes go into
	committed uint64     // the caller has reported this batch as durable
	dirty     []*session // sessions whose record changed in this batch
	underWay  []flushed  // the uncommitted batches, by rising number
	mail      mail       // the mailboxes of sessions that are away
	ringBytes int64      // of all rings
	quotas    map[Network]*quota
	stopped   bool

	// about sessions that have left memory
	leaving  map[Hash]uint64 // the batch of its last change, until that is committed
	left     []leaver        // … by rising batch
	memories map[ID]memory   // what is remembered of it
	fading   []memory        // … roughly the oldest first
	owing    map[ID]owed     // who has written its mailbox
	lent     []owed          // … roughly the oldest first

	lastPlace uint64 // in the queue; places rise and are never reused
	rows      int    // of the table of sessions, with the batches under way
	lastID    ID
	lastPair  PairID
	lastPing  uint64
}

// flushed is a batch that TakeBatch has returned, with its number of rows.
type flushed struct {
	batch uint64
	rows  int
}

// New returns an empty lobby whose first batch is number 1.
func New(cfg Config) *Lobby {
	if cfg.EntryBytes == nil {
		cfg.EntryBytes = func(text, image int) int { return entryOverhead + text + image }
	}
	first := cfg.Boot << 32
	return &Lobby{
		cfg:       cfg,
		conns:     make(map[ConnID]*session),
		sessions:  make(map[Hash]*session),
		leaving:   make(map[Hash]uint64),
		memories:  make(map[ID]memory),
		owing:     make(map[ID]owed),
		quotas:    make(map[Network]*quota),
		maker:     newMatchmaker(cfg.Topics),
		standings: newStandings(),
		batch:     1,
		lastPlace: first, lastID: ID(first), lastPair: PairID(first),
	}
}

// Output is the result of a Step. Its slices are reused by the next Step.
type Output struct {
	Events []Event // to be sent, in order
	Facts  []Fact  // what has happened, in order
	Full   bool    // too much is uncommitted, so the command was not applied. Unless Events report that, step it again later
	Vain   bool    // the search changed nothing: it came too late, or its session waits already
}

// Step applies one command at the moment now. A command from a Conn that is not attached does nothing. A command that would
// change a row while too much is uncommitted is refused with ErrUnavailable, or, if its client cannot be told, not applied. Nor
// is a first search applied while there are too many rows.
func (l *Lobby) Step(now Moment, c *Command) Output {
	l.now, l.wall, l.unsure, l.wrote, l.vain = max(l.now, now.Server), now.Wall, now.Unsure, false, false
	clear(l.events)
	l.events, l.facts = l.events[:0], l.facts[:0]
	if l.stopped {
		return Output{}
	}
	s := l.conns[c.Conn]
	switch {
	case s == nil:
	case l.isFullFor(s, c):
		l.refuse(s, c)
		return Output{Events: l.events, Facts: l.facts, Full: true}
	case l.hasTooManyRowsFor(s, c):
		return Output{Full: true}
	}
	var chat PairID // in which the command was sent, as far as its client can know
	if s != nil {
		chat = s.Pair
	}
	if c.Op != Stop {
		l.openWindows()
	}
	if s != nil && c.Op == Send && c.Pair == 0 && s.Pair != chat {
		return l.output() // it was not meant for the partner that this step has found
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
		if s != nil {
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
	return l.output()
}

// output returns what this step has done. Its events depend on the rows that it has changed.
func (l *Lobby) output() Output {
	if l.wrote {
		for i := range l.events {
			l.events[i].After = l.batch
		}
	}
	return Output{Events: l.events, Facts: l.facts, Vain: l.vain}
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
	case Prefer:
		l.prefer(s, *c.Prefer)
		l.schedule(s)
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
		if c.MailKey != nil && s.Resumable && !s.hasRow() {
			s.MailKey = *c.MailKey
		}
		l.vain = !l.search(s, c.Partner, c.Hold)
	case Send:
		l.classify(s, c)
		l.send(s, c)
	case Sleep:
		l.sleep(s, c.For)
	case End:
		l.tell(s, Event{Kind: ChatEnded})
		l.tell(s, Event{Kind: Close, CloseCode: CloseNormal})
		l.end(s, CauseEnd)
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
	switch e.Kind {
	case Error:
		l.note(Fact{Kind: FactErred, Session: s.Hash, Code: e.Code})
	case ResumeFailed:
		l.note(Fact{Kind: FactRefused, Session: s.Hash, Code: e.Code})
	}
}

// markDirty marks the record of s as changed: it is part of the batch, and all events of this step depend on it.
func (l *Lobby) markDirty(s *session) {
	l.wrote = true
	s.changed = l.batch
	if !s.dirty {
		s.dirty = true
		l.dirty = append(l.dirty, s)
	}
}

// Batch returns the number of the batch that the next TakeBatch returns, and how many rows that batch can have.
func (l *Lobby) Batch() (n uint64, rows int) {
	return l.batch, len(l.dirty) + l.mail.rows()
}

// TakeBatch fills b with the next batch: the net rows changed since the last one, and what mailboxes gain and lose.
// The events that depend on it carry its number in After.
func (l *Lobby) TakeBatch(b *Batch) {
	b.N = l.batch
	b.Changes = b.Changes[:0]
	for _, s := range l.dirty {
		s.dirty = false
		if s.gone {
			if s.onDisk {
				l.rows--
				b.Changes = append(b.Changes, Change{Record: Record{ID: s.ID}, Deleted: true})
			}
			continue
		}
		if !s.onDisk {
			s.onDisk = true
			l.rows++
		}
		b.Changes = append(b.Changes, Change{Record: s.Record})
	}
	l.mail.takeBatch(b)
	clear(l.dirty)
	l.dirty = l.dirty[:0]
	if rows := len(b.Changes) + len(b.Entries) + len(b.MailAcks); rows > 0 {
		l.underWay = append(l.underWay, flushed{b.N, rows})
	}
	l.batch++
}

// PartnerOf returns the chat of the session attached to conn and the Conn of its partner; each is 0 if there is none.
func (l *Lobby) PartnerOf(conn ConnID) (partner ConnID, chat PairID) {
	s := l.conns[conn]
	if s == nil || s.partner == nil {
		return 0, 0
	}
	return s.partner.conn, s.Pair
}

// Locate reports whether the session with hash h is in memory. If it is not, Attach needs its row in Auth.Found. That row
// is current once the batch lastChange is committed; 0 if it is current already.
func (l *Lobby) Locate(h Hash) (inMemory bool, lastChange uint64) {
	return l.sessions[h] != nil, l.leaving[h]
}

// Attached returns the number of sessions with a socket.
func (l *Lobby) Attached() int { return len(l.conns) }

// stop tells every attached session that the server restarts, and takes messages in flight to them into custody. The
// records stay unchanged: an attached session counts as away from the moment the next run listens.
func (l *Lobby) stop() {
	for _, s := range l.attached() {
		l.hideTyping(s)
		if s.Pair != 0 && s.Resumable {
			l.takeCustody(s)
		}
	}
	for _, s := range l.attached() {
		if !s.Resumable && s.Pair != 0 { // otherwise its transcript stays on the screen above the next partner's messages
			l.tell(s, Event{Kind: ChatEnded})
		}
		l.tell(s, Event{Kind: Close, CloseCode: CloseRestart})
	}
	l.stopped = true
}
