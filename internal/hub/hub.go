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

// Store is what the hub needs of the database.
type Store interface {
	// Commit makes a batch durable in one transaction. An error with Transient() true means that nothing was
	// committed and the same batch may be tried again; after any other error the outcome is unknown.
	// It is called by one goroutine at a time and never with an empty batch.
	Commit(b *chat.Batch) error
	// Find returns the row of h and what its mailbox holds; false if there is none.
	Find(ctx context.Context, h chat.Hash) (chat.Found, bool, error)
	// Sweep deletes at most limit hibernated rows that have been away since before or longer, and returns how
	// many, and how many bytes their mailboxes held. It writes nothing when there are none. It is called by the
	// goroutine that calls Commit.
	Sweep(before chat.Time, limit int) (deleted int, mailBytes int64, err error)
	// MailKey returns what mail for the session of this ID is sealed to.
	MailKey(sessionID string) chat.MailKey
	// Mail opens the letters of r, whose recipient has this session ID, and yields them by rising N. A place that
	// is empty, or was tampered with, has no body. The error is that of reading, or yield's.
	Mail(ctx context.Context, sessionID string, r chat.MailRange, yield func(*chat.Letter) error) error
}

// Conn is one socket as the hub sees it. Its methods MUST NOT block and MUST NOT call the hub; Deliver and Release are
// called under the hub's lock.
type Conn interface {
	// Deliver puts e behind everything delivered before. The event MUST NOT leave, nor anything behind it,
	// before Release was called with at least e.After. It says whether the outbox is so full that whoever
	// fills it should wait.
	Deliver(e chat.Event) (congested bool)
	// Release lets go what waits for batch or an earlier one.
	Release(batch uint64)
	// Flush has what may leave written, as far as that does not block. It is called after Deliver and Release,
	// without the lock.
	Flush()
}

// Config is what a Hub needs; static after New, but for the two that Retune changes, which mu guards.
type Config struct {
	Store         Store
	Metrics       *metrics.Metrics // nil: nothing is counted for anybody
	Lobby         *chat.Lobby      // restored, and from here on the hub's alone
	Now           func() chat.Time // never goes back
	SessionTTL    time.Duration    // hibernated rows older than this are swept
	QueuedChanges int              // beyond so many uncommitted rows nothing that changes a row is accepted…
	QueuedBytes   int64            // … nor beyond so many bytes of uncommitted letters
	Log           *slog.Logger
	Fatal         func(error) // called once, when the outcome of a commit is unknown
	Tail          *tail.Feed  // hears what happens; nil: nobody does
}

// Hub serialises the commands of all sockets and gates what they hear. Its methods are safe for concurrent use.
type Hub struct {
	cfg Config

	begun chat.Time // static: when cfg.Metrics began to count
	watch commitWatch

	wake chan struct{} // buffer 1; sent when there is something to commit; never closed
	quit chan struct{} // closed by Stop: commit what is left and end
	done chan struct{} // closed by the committer as it ends

	mu        sync.Mutex
	room      *sync.Cond // on mu: a batch was committed
	lobby     *chat.Lobby
	conns     map[chat.ConnID]Conn
	gated     map[uint64][]Conn // the Conns with events waiting, by batch
	touched   *[]Conn           // to be flushed by whoever holds mu, once it does not; nil if there is none
	committed uint64            // every batch up to this one is durable
	inFlight  int               // rows in the batch being committed
	counts    counts
	failure   error // of the last try to commit; nil: it succeeded
	stopped   bool
	timer     *time.Timer // calls tick
	timerAt   chat.Time   // when; 0: not armed
	before    outset      // of the step under way, if anybody listens
}

// New returns a running hub; Stop ends it.
func New(cfg Config) (*Hub, error) {
	if cfg.Store == nil || cfg.Lobby == nil || cfg.Now == nil || cfg.Log == nil || cfg.Fatal == nil ||
		cfg.SessionTTL <= 0 || cfg.QueuedChanges <= 0 || cfg.QueuedBytes <= 0 {
		return nil, errors.New("hub: incomplete configuration")
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.New()
	}
	h := &Hub{
		begun: cfg.Now() - chat.Time(time.Duration(cfg.Metrics.Now()).Milliseconds()),
		cfg:   cfg,
		watch: newCommitWatch(),
		wake:  make(chan struct{}, 1),
		quit:  make(chan struct{}),
		done:  make(chan struct{}),
		lobby: cfg.Lobby,
		conns: make(map[chat.ConnID]Conn),
		gated: make(map[uint64][]Conn),
	}
	h.room = sync.NewCond(&h.mu)
	h.timer = time.AfterFunc(time.Hour, h.tick)
	h.timer.Stop()
	h.mu.Lock()
	h.settle()
	h.mu.Unlock()
	go h.commitLoop()
	return h, nil
}

// Do applies one command of an attached Conn, in the order of the calls. It returns the Conn whose outbox the
// command filled too far, if any: the caller is to wait for room there, outside of the hub, before it reads on.
//
// It does not block. When too much is uncommitted, a command that changes a row is refused to a resumable client with
// error unavailable; that of an old client is not done: the caller is to AwaitRoom and then to call again.
func (h *Hub) Do(c *chat.Command) (congested Conn, done bool) {
	h.mu.Lock()
	defer h.unlock()
	if h.changesRows(c) && h.overfull() && !h.stopped {
		if h.lobby.Resumable(c.Conn) {
			h.cfg.Metrics.Error(string(chat.ErrUnavailable))
			h.deliver(chat.Event{Conn: c.Conn, Kind: chat.Error, Code: chat.ErrUnavailable, N: c.N})
			if g, ok := h.lobby.Glance(c.Conn); ok && h.cfg.Tail.Active() {
				h.narrateError(g.Hash, chat.ErrUnavailable)
			}
			return nil, true
		}
		c.Arrived = 0 // when it is done is another moment
		return nil, false
	}
	congested = h.step(c)
	switch c.Op {
	case chat.Send:
		h.counts.received++
	case chat.Detach:
		delete(h.conns, c.Conn)
	}
	return congested, true
}

// AwaitRoom returns once there is room for more changes.
func (h *Hub) AwaitRoom() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.awaitRoom()
}

// awaitRoom is AwaitRoom with mu held.
func (h *Hub) awaitRoom() {
	for h.overfull() && !h.stopped {
		h.room.Wait()
	}
}

// changesRows says whether a command of a client can change a row. Detach cannot be refused: a socket that is
// gone is gone. The caller holds mu.
func (h *Hub) changesRows(c *chat.Command) bool {
	return c.Op == chat.Search || c.Op == chat.End || c.Op == chat.Send && h.lobby.WouldHold(c.Conn)
}

// overfull says whether too much waits for its commit. The caller holds mu.
func (h *Hub) overfull() bool {
	return h.lobby.Dirty()+h.inFlight >= h.cfg.QueuedChanges || h.lobby.Unwritten() >= h.cfg.QueuedBytes
}

// Attach binds conn, which has authenticated, to a new session or to the one auth.Resume asks for. The caller
// fills all of auth but Found.
func (h *Hub) Attach(ctx context.Context, id chat.ConnID, conn Conn, auth chat.Auth) error {
	h.mu.Lock()
	defer h.unlock()
	if auth.Resumable {
		h.awaitRoom()
	}
	if auth.Resume != nil {
		if err := h.find(ctx, &auth); err != nil {
			return err
		}
	}
	h.conns[id] = conn
	h.step(&chat.Command{Op: chat.Attach, Conn: id, Arrived: auth.Arrived, Auth: &auth})
	return nil
}

// awaitCommit returns once every change up to now is durable or the hub stops, or with ctx's error. The caller holds mu,
// which is released while waiting.
func (h *Hub) awaitCommit(ctx context.Context) error {
	last := h.lobby.Batch()
	if h.lobby.Dirty() == 0 {
		last--
	}
	defer context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.room.Broadcast()
	})()
	for h.committed < last && !h.stopped {
		if err := ctx.Err(); err != nil {
			return err
		}
		h.room.Wait()
	}
	return nil
}

// find reads the row of a session that is not in memory. A row may be out of date while a change of it is
// uncommitted, so it is read behind the batches of that moment, and again if meanwhile a session left memory:
// it could be this one. The caller holds mu, which is released while waiting and reading.
func (h *Hub) find(ctx context.Context, auth *chat.Auth) error {
	hash := auth.Resume.Hash
	for !h.lobby.Holds(hash) && !h.stopped {
		seen := h.lobby.Forgotten()
		if !readsEarly {
			if err := h.awaitCommit(ctx); err != nil {
				return err
			}
		}
		h.mu.Unlock()
		found, ok, err := h.cfg.Store.Find(ctx, hash)
		h.mu.Lock()
		if err != nil {
			return err
		}
		if h.lobby.Forgotten() == seen {
			auth.Found = nil
			if ok {
				auth.Found = &found
			}
			return nil
		}
	}
	return nil
}

// moment is when c is to be done. A message was read just now, and to ask the time once more is most of what it costs to
// measure it; that a later command may have been done first, the lobby bears.
func (h *Hub) moment(c *chat.Command) chat.Time {
	if c.Op == chat.Send && c.Arrived != 0 {
		return h.begun.Add(time.Duration(c.Arrived))
	}
	return h.cfg.Now()
}

// step runs the lobby and hands out what it tells. The caller holds mu.
func (h *Hub) step(c *chat.Command) (congested Conn) {
	now, watched := h.moment(c), h.cfg.Tail.Active()
	if watched {
		h.look(now, c)
	}
	events := h.lobby.Step(now, c)
	for _, e := range events {
		h.count(c, &e)
		if full := h.deliver(e); full != nil {
			congested = full
		}
	}
	for _, waited := range h.lobby.Waited() {
		h.cfg.Metrics.MatchWait.Observe(time.Duration(waited) * time.Millisecond)
	}
	if watched {
		h.narrate(c, events)
	}
	h.settle()
	return congested
}

// deliver puts e into the outbox it is for, and returns that Conn if the outbox is congested. The caller holds mu.
func (h *Hub) deliver(e chat.Event) Conn {
	conn := h.conns[e.Conn]
	if conn == nil {
		return nil
	}
	if e.After <= h.committed {
		e.After = 0
	} else if waiting := h.gated[e.After]; len(waiting) == 0 || waiting[len(waiting)-1] != conn {
		h.gated[e.After] = append(waiting, conn)
	}
	full := conn.Deliver(e)
	h.touch(conn)
	if full {
		return conn
	}
	return nil
}

// settle wakes the committer and sets the timer as the lobby wants it. The caller holds mu.
func (h *Hub) settle() {
	if h.lobby.Dirty() > 0 {
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
	h.timer.Reset(max(time.Duration(at-h.cfg.Now())*time.Millisecond, 0))
}

// retryTick is how long what is due waits while the store fails: nobody is reaped for the disk's sake.
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
	h.step(&chat.Command{Op: chat.Tick})
}

// MailKey returns what mail for the session of this ID is sealed to.
func (h *Hub) MailKey(sessionID string) chat.MailKey { return h.cfg.Store.MailKey(sessionID) }

// Mail opens the letters of a Replay event for the session of this ID, one after the other. The caller is the Conn
// that the event was for, as it leaves; it may take its time.
func (h *Hub) Mail(ctx context.Context, sessionID string, r chat.MailRange, yield func(*chat.Letter) error) error {
	return h.cfg.Store.Mail(ctx, sessionID, r, yield)
}

// Attached counts the sessions with a socket.
func (h *Hub) Attached() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lobby.Attached()
}
