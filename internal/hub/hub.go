package hub

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"chatme/internal/chat"
	"chatme/internal/metrics"
	"chatme/internal/tail"
)

// Store is what the hub needs from the database.
type Store interface {
	// Commit makes a batch durable in one transaction. An error with Transient() true means that nothing was
	// committed and the same batch may be retried; after any other error the outcome is unknown.
	// Commit is called by one goroutine at a time and never with an empty batch.
	Commit(b *chat.Batch) error
	// Find returns the row of h and its mailbox entries; false if there is no row.
	Find(ctx context.Context, h chat.Hash) (chat.Found, bool, error)
	// Sweep deletes at most limit hibernated rows that have been away since before or longer, and returns how
	// many, and how many bytes their mailboxes held. It writes nothing if there are none. It is called by the
	// goroutine that calls Commit.
	Sweep(before chat.Time, limit int) (deleted int, mailBytes int64, err error)
	// Mail opens the mailbox entries of r, whose recipient has this session ID, and yields them by rising N. An entry
	// that is empty or was tampered with has no body. The error is a read error or the one returned by yield.
	Mail(ctx context.Context, sessionID string, r chat.MailRange, yield func(*chat.MailEntry) error) error
}

// Conn is one socket as the hub sees it. Its methods MUST NOT block and MUST NOT call the hub. All except OnChange and
// Flush are called under the hub's lock.
type Conn interface {
	// Deliver appends e to the outbox. The event MUST NOT leave, nor may anything after it, before Release was called with
	// at least e.After. Deliver reports whether the outbox is crowded, so that its own client, whose commands are answered
	// there, should wait.
	Deliver(e Event) (crowded bool)
	// HasRoom reports whether a message of the given number of bytes, text and image together, may be delivered. When it
	// changes from false to true, everything that waits for room is notified.
	HasRoom(bytes int) bool
	// Release releases the events that wait for batch or an earlier one.
	Release(batch uint64)
	// Sight returns what the socket knows about its client.
	Sight() chat.Sight
	// OnChange calls changed whenever the result of HasRoom may have changed, or the Conn closes, until stop is called. It
	// is for the caller to which Do returned the Conn. changed is called with a lock of the Conn held and MUST NOT block.
	OnChange(changed func()) (stop func())
	// Flush writes the events that may leave, as far as that does not block. It is called after Deliver and Release,
	// without the lock.
	Flush()
}

// Config is what a Hub needs; static after New.
type Config struct {
	Store      Store
	Metrics    *metrics.Metrics // nil: metrics are discarded
	Lobby      *chat.Lobby      // loaded; from here on owned by the hub
	Clock      *Clock           // shared with the sockets
	SessionTTL time.Duration    // hibernated rows older than this are swept
	SweepAfter time.Duration    // … but only once the hub has run, and the wall clock was not set, for this long
	Log        *slog.Logger
	Fatal      func(error) // called once, when the outcome of a commit is unknown
	Tail       *tail.Feed  // receives what happens; nil: none
}

// Hub serializes the commands of all sockets and gates their events. Its methods are safe for concurrent use.
type Hub struct {
	cfg Config

	watch commitWatch

	wake chan struct{} // buffer 1; sent to when there is something to commit; never closed
	quit chan struct{} // closed by Stop: commit the rest and return
	done chan struct{} // closed by the committer when it returns

	mu        sync.Mutex
	room      *sync.Cond // on mu: a batch was committed, a lookup finished, or the rings changed
	lobby     *chat.Lobby
	conns     map[chat.ConnID]Conn
	gated     map[uint64][]Conn      // the Conns with waiting events, by batch
	toFlush   *[]Conn                // to be flushed by the holder of mu after it releases mu; nil if none
	committed uint64                 // every batch up to this one is durable
	lookups   map[chat.Hash]struct{} // sessions whose row is being read
	ring      ringLine               // large messages that are not read yet
	counts    counts
	failure   error // of the last attempt to commit; nil if it succeeded
	stopped   bool
	timer     *time.Timer // calls tick
	timerAt   chat.Time   // when; 0: not armed
}

// New returns a running hub; Stop ends it.
func New(cfg Config) (*Hub, error) {
	if cfg.Store == nil || cfg.Lobby == nil || cfg.Clock == nil || cfg.Log == nil || cfg.Fatal == nil ||
		cfg.SessionTTL <= 0 {
		return nil, errors.New("hub: incomplete configuration")
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.New()
	}
	h := &Hub{
		cfg:   cfg,
		watch: newCommitWatch(),
		wake:  make(chan struct{}, 1),
		quit:  make(chan struct{}),
		done:  make(chan struct{}),
		lobby: cfg.Lobby,
		conns: make(map[chat.ConnID]Conn),
		gated: make(map[uint64][]Conn),

		lookups: make(map[chat.Hash]struct{}),
	}
	h.lobby.Sees(h.sight)
	h.room = sync.NewCond(&h.mu)
	h.timer = time.AfterFunc(time.Hour, h.tick)
	h.timer.Stop()
	h.mu.Lock()
	h.schedule()
	h.mu.Unlock()
	go h.commitLoop()
	return h, nil
}

// Do applies one command of an attached Conn, in the order of the calls. It does not block. A command that has to wait is
// not done: the caller waits outside the hub, and then calls Do again with the same command.
//
// A message waits until the outbox of the partner has room for it. Do returns the Conn of the partner, which may be a
// different one at the next call. The message is delivered in the chat in which it was first tried, or not at all (law L8).
// A large message for a mailbox waits while the next batch has one; no Conn is returned: the caller must call AwaitRoom.
//
// When too much is uncommitted, a command that changes a row is refused with error unavailable if its client is resumable.
// If it is a legacy client, the command is not done and no Conn is returned: the caller must call AwaitRoom. So is a first
// search while there are too many rows.
//
// If a command is done and its answers crowd the outbox of the Conn it came from, Do returns that Conn: the caller must
// wait for room there before it reads on.
func (h *Hub) Do(c *Command) (congested Conn, done bool) {
	h.mu.Lock()
	defer h.unlock()
	if h.ring.sum > 0 {
		h.ring.done(&c.Command)
	}
	if full := h.full(&c.Command); full != nil {
		h.postpone(c)
		return full, false
	}
	if h.hasLetter(&c.Command) {
		h.postpone(c)
		return nil, false
	}
	out, crowded := h.step(c)
	c.Vain = out.Vain
	switch {
	case out.Full && len(out.Events) == 0:
		h.postpone(c)
		return nil, false
	case out.Full:
	case c.Op == chat.Send:
		h.counts.received++
	}
	if crowded {
		congested = h.conns[c.Conn]
	}
	if c.Op == chat.Detach {
		delete(h.conns, c.Conn)
	}
	return congested, true
}

// AwaitRoom returns once c, which was not done for lack of room, may be, or the hub stops, or with ctx's error.
func (h *Hub) AwaitRoom(ctx context.Context, c *Command) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.await(ctx, func() bool { return !h.lobby.Refuses(&c.Command) && !h.hasLetter(&c.Command) })
}

// awaitRoom returns once there is room for more changes or the hub stops, or with ctx's error. The caller must hold mu, which
// is released while waiting.
func (h *Hub) awaitRoom(ctx context.Context) error {
	return h.await(ctx, func() bool { return !h.lobby.Full() })
}

// Attach binds conn, which has authenticated with a frame read at arrived, to a new session or to the one that auth.Resume
// asks for. The caller sets all of auth except Found. If Attach returns an error, from ctx or from reading the session's
// row, nothing is bound.
func (h *Hub) Attach(ctx context.Context, id chat.ConnID, conn Conn, auth chat.Auth, arrived int64) error {
	h.mu.Lock()
	defer h.unlock()
	if auth.Resume != nil { // a new session has no row yet
		if err := h.awaitRoom(ctx); err != nil {
			return err
		}
		if err := h.find(ctx, &auth); err != nil {
			return err
		}
	}
	h.conns[id] = conn
	h.step(&Command{Command: chat.Command{Op: chat.Attach, Conn: id, Auth: &auth}, Arrived: arrived})
	return nil
}

// moment returns the moment at which c is done. For a message it is the time at which it was read, just now, which saves
// reading the system time again. The lobby tolerates that a later command was done first.
func (h *Hub) moment(c *Command) chat.Moment {
	if c.Op == chat.Send && c.Arrived != 0 {
		return h.cfg.Clock.MomentOf(c.Arrived, h.cfg.SweepAfter)
	}
	return h.cfg.Clock.Moment(h.cfg.SweepAfter)
}

// sight returns what the socket of an attached session knows. The caller must hold mu.
func (h *Hub) sight(id chat.ConnID) chat.Sight {
	if conn := h.conns[id]; conn != nil {
		return conn.Sight()
	}
	return chat.Sight{}
}

// step runs the lobby and delivers its events. crowded reports whether they crowd the outbox of the Conn that c came from.
// The caller must hold mu.
func (h *Hub) step(c *Command) (out chat.Output, crowded bool) {
	out = h.lobby.Step(h.moment(c), &c.Command)
	for i := range out.Events {
		e := Event{Event: out.Events[i]}
		if e.Kind == chat.Message || e.Kind == chat.Resumed {
			e.Arrived = c.Arrived
		}
		if h.deliver(e) && e.Conn == c.Conn {
			crowded = true
		}
		out.Events[i].Image = "" // the lobby keeps its events until the next step, which may be far off
	}
	h.count(out.Facts)
	if h.cfg.Tail.Active() {
		h.publish(out.Facts)
	}
	if len(h.ring.waiting) > 0 {
		h.room.Broadcast()
	}
	h.schedule()
	return out, crowded
}

// deliver puts e into the outbox of its Conn, and reports whether that is crowded. The caller must hold mu.
func (h *Hub) deliver(e Event) (crowded bool) {
	conn := h.conns[e.Conn]
	if conn == nil {
		return false
	}
	if e.After <= h.committed {
		e.After = 0
	} else if waiting := h.gated[e.After]; len(waiting) == 0 || waiting[len(waiting)-1] != conn {
		h.gated[e.After] = append(waiting, conn)
	}
	crowded = conn.Deliver(e)
	h.flushLater(conn)
	return crowded
}

// schedule wakes the committer if there are changes, and sets the timer to the lobby's next deadline. The caller must
// hold mu.
func (h *Hub) schedule() {
	if _, rows := h.lobby.Batch(); rows > 0 {
		select {
		case h.wake <- struct{}{}:
		default:
		}
	}
	at, ok := h.lobby.NextDeadline()
	if !ok || h.stopped {
		at = 0
	}
	if at == h.timerAt {
		return
	}
	h.timerAt = at
	if at == 0 {
		h.timer.Stop()
		return
	}
	h.timer.Reset(time.Duration(min(max(at-h.cfg.Clock.Now(), 0), farOff)) * time.Millisecond)
}

// farOff is the maximum to which the timer is set, in milliseconds.
const farOff = chat.Time(time.Hour / time.Millisecond)

// retryTick is how long deadlines are deferred while the store fails: no session is reaped because of the disk.
const retryTick = time.Second

func (h *Hub) tick() {
	h.mu.Lock()
	defer h.unlock()
	if h.stopped {
		return
	}
	if h.failure != nil {
		h.timer.Reset(retryTick)
		return
	}
	h.timerAt = 0
	h.step(&Command{Command: chat.Command{Op: chat.Tick}})
}

// Mail opens the mailbox entries of a Replay event for the session with this ID, one by one. The Conn that the event was
// for calls it while it writes the event; yield may take its time.
func (h *Hub) Mail(ctx context.Context, sessionID string, r chat.MailRange, yield func(*chat.MailEntry) error) error {
	return h.cfg.Store.Mail(ctx, sessionID, r, yield)
}

// Attached returns the number of sessions with a socket.
func (h *Hub) Attached() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lobby.Attached()
}
