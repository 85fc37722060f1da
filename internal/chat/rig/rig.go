package rig

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"chatme/internal/chat"
)

// Epoch is the moment at which the tests begin.
const Epoch chat.Time = 1_700_000_000_000

// Timing has the protocol's durations.
func Timing(boot uint64) chat.Config {
	return chat.Config{
		Epoch: "e1", Boot: boot, Since: 1,
		Topics:     3,
		SessionTTL: 24 * time.Hour,
		Limits: chat.Limits{
			IdleAfter:        10 * time.Minute,
			ChatWindow:       120 * time.Second,
			ChatWindowLegacy: 30 * time.Second,
			AwayAfter:        time.Second,
			QueueWindow:      30 * time.Second,
			SleepMax:         10 * time.Minute,
			OpenAfter:        5 * time.Second,
			LateAfter:        10 * time.Second,
			MatchEvery:       3 * time.Second,
			MatchBurst:       10,
			RematchAfter:     10 * time.Second,
			RecentFor:        5 * time.Minute,
			SettleTimeout:    2 * time.Second,

			RingMessages: 4, RingBytes: 1 << 20, RingTotal: 2 << 20,
			MailboxMessages: 3, MailboxBytes: 1 << 20, MailTotal: 2 << 20, EntryMax: 64,
		},
	}
}

func DirtyRows(l *chat.Lobby) int {
	_, rows := l.Batch()
	return rows
}

func BatchOf(l *chat.Lobby) uint64 {
	n, _ := l.Batch()
	return n
}

func InMemory(l *chat.Lobby, h chat.Hash) bool {
	held, _ := l.Locate(h)
	return held
}

func LastChange(l *chat.Lobby, h chat.Hash) uint64 {
	_, lastChange := l.Locate(h)
	return lastChange
}

// Rig is a lobby with its surroundings in a server: a clock, a store and the gate in front of every socket.
// It checks the lobby after every step.
type Rig struct {
	TB    testing.TB
	Lobby *chat.Lobby
	Now   chat.Time
	Boot  uint64
	Conns chat.ConnID // the last one used

	aliases uint64

	Disk      Disk
	Flushed   []*chat.Batch // not committed yet, oldest first
	Committed uint64        // batch

	held     map[chat.ConnID][]chat.Event      // behind the gate
	OnWire   func(c chat.ConnID, e chat.Event) // called with what passes the gate, a replay entry by entry
	OnStep   func(*chat.Command, []chat.Event) // nil, or called with every step; for a commit the command is nil
	OnTake   func(*chat.Batch)                 // nil, or called with every batch taken
	OnReplay func(c chat.ConnID, e chat.Event) // nil, or called with the parts of a replay

	sights map[chat.ConnID]*chat.Sight // what each socket knows
	fresh  map[chat.ConnID]chat.Hash   // … and the session that it was offered
	Lively bool                        // every client answers the first ping on a socket, and probes, at once
	owed   []chat.Command              // the pending answers
}

func New(tb testing.TB) *Rig {
	r := &Rig{
		TB: tb, Now: Epoch,
		Disk:   Disk{Rows: make(map[chat.ID]chat.Record), Mail: make(map[Place]chat.MailEntry)},
		OnWire: func(chat.ConnID, chat.Event) {},
	}
	r.Start()
	return r
}

// Start does what a server does before it listens: attached sessions are away, waiting or paired ones are loaded.
func (r *Rig) Start() {
	r.TB.Helper()
	r.Boot++
	cfg := Timing(r.Boot)
	cfg.NewAlias = func() chat.Alias { r.aliases++; return chat.Alias(fmt.Sprintf("$%d", r.aliases)) }
	r.Lobby = chat.New(cfg)
	r.sights, r.owed, r.fresh = make(map[chat.ConnID]*chat.Sight), nil, make(map[chat.ConnID]chat.Hash)
	r.Lobby.Sees(func(c chat.ConnID) chat.Sight { return *r.Sight(c) })
	r.Flushed, r.Committed, r.held = nil, 0, make(map[chat.ConnID][]chat.Event)
	if err := r.Lobby.Load(chat.At(r.Now), r.Disk.load(r.Now)); err != nil {
		r.TB.Fatal(err)
	}
	r.Check()
}

// Kill ends the server at once. Of the batches in flight, the first few may have reached the disk.
func (r *Rig) Kill(survive int) {
	r.TB.Helper()
	for _, b := range r.Flushed[:survive] {
		r.Disk.Apply(b)
	}
	r.Start()
}

func (r *Rig) Check() {
	r.TB.Helper()
	if err := r.Lobby.Check(); err != nil {
		r.TB.Fatal(err)
	}
}

// Sight returns what a socket knows.
func (r *Rig) Sight(c chat.ConnID) *chat.Sight {
	s := r.sights[c]
	if s == nil {
		s = &chat.Sight{Opened: r.Now, Heard: r.Now}
		r.sights[c] = s
	}
	return s
}

// hears records a frame from a client.
func (r *Rig) hears(c *chat.Command) {
	if c.Conn == 0 || c.Op == chat.Detach {
		return
	}
	s := r.Sight(c.Conn)
	s.Heard = r.Now
	if c.Op != chat.Pong && c.Op != chat.Heard {
		s.Noise = s.Pinged
	}
}

// Step runs one command and puts its events behind the gate.
func (r *Rig) Step(c chat.Command) []chat.Event {
	r.TB.Helper()
	r.hears(&c)
	if c.Op == chat.Search {
		key := chat.MailKey(r.fresh[c.Conn])
		c.MailKey = &key
	}
	events := slices.Clone(r.Lobby.Step(chat.At(r.Now), &c).Events)
	r.deliver(&c, events)
	r.answer()
	return events
}

// answer makes lively clients send their pending answers.
func (r *Rig) answer() {
	r.TB.Helper()
	for len(r.owed) > 0 {
		c := r.owed[0]
		r.owed = r.owed[1:]
		r.Step(c)
	}
}

func (r *Rig) deliver(c *chat.Command, events []chat.Event) {
	r.TB.Helper()
	r.Check()
	for _, e := range events {
		if len(r.held[e.Conn]) > 0 || e.After > r.Committed {
			r.held[e.Conn] = append(r.held[e.Conn], e)
			continue
		}
		r.pass(e)
	}
	if r.OnStep != nil {
		r.OnStep(c, events)
	}
}

// pass lets an event through the gate; a replay is read from disk there and then.
func (r *Rig) pass(e chat.Event) {
	if e.Kind == chat.Ping || e.Kind == chat.Probe {
		s := r.Sight(e.Conn)
		if r.Lively && (e.Kind == chat.Probe || s.Pinged == 0) {
			r.owed = append(r.owed, chat.Command{Op: chat.Pong, Conn: e.Conn, N: e.N})
		}
		s.Pinged, s.PingedAt = e.N, r.Now
	}
	if e.Kind != chat.Replay {
		r.OnWire(e.Conn, e)
		return
	}
	for _, entry := range r.Disk.replay(e.Mail) {
		entry.Conn = e.Conn
		r.OnWire(e.Conn, entry)
		if r.OnReplay != nil {
			r.OnReplay(e.Conn, entry)
		}
	}
}

// Advance advances time by d, with a tick at every deadline on the way.
func (r *Rig) Advance(d time.Duration) {
	r.TB.Helper()
	end := r.Now.Add(d)
	for {
		at, ok := r.Lobby.NextDeadline()
		if !ok || at > end {
			break
		}
		r.Now = max(r.Now, at)
		r.Step(chat.Command{Op: chat.Tick})
		if next, ok := r.Lobby.NextDeadline(); ok && next <= r.Now {
			r.TB.Fatalf("a tick at %d leaves something due at %d", r.Now, next)
		}
	}
	r.Now = end
}

// TakeBatch takes all changes as a batch, which is then in flight to the disk.
func (r *Rig) TakeBatch() *chat.Batch {
	b := new(chat.Batch)
	r.Lobby.TakeBatch(b)
	r.Flushed = append(r.Flushed, b)
	if r.OnTake != nil {
		r.OnTake(b)
	}
	return b
}

// Commit makes the first n batches in flight durable and opens the gate for the events that waited for them.
func (r *Rig) Commit(n int) {
	for _, b := range r.Flushed[:n] {
		r.Disk.Apply(b)
		r.Committed = b.N
	}
	r.Flushed = r.Flushed[n:]
	told := slices.Clone(r.Lobby.Committed(r.Committed))
	for _, c := range slices.Sorted(maps.Keys(r.held)) {
		for len(r.held[c]) > 0 && r.held[c][0].After <= r.Committed {
			r.pass(r.held[c][0])
			r.held[c] = r.held[c][1:]
		}
		if len(r.held[c]) == 0 {
			delete(r.held, c)
		}
	}
	r.deliver(nil, told)
	r.answer()
}

// Save makes everything durable.
func (r *Rig) Save() {
	if DirtyRows(r.Lobby) > 0 {
		r.TakeBatch()
	}
	r.Commit(len(r.Flushed))
}

// Attach gives a new socket to a new session or to the one that resume asks for. As the hub does, it looks up the
// row after the batches of this moment.
func (r *Rig) Attach(resumable bool, fresh chat.Hash, resume *chat.Resume) chat.ConnID {
	r.TB.Helper()
	r.Conns++
	a := &chat.Auth{Resumable: resumable, Fresh: fresh, Resume: resume}
	if resumable {
		r.fresh[r.Conns] = fresh
	}
	if resume != nil && !InMemory(r.Lobby, resume.Hash) {
		r.Save()
		a.Found = r.Disk.Find(resume.Hash)
	}
	r.Step(chat.Command{Op: chat.Attach, Conn: r.Conns, Auth: a})
	return r.Conns
}

// Kick ends the session of h, as the hub does: with its row if it is not in memory.
func (r *Rig) Kick(h chat.Hash) {
	r.TB.Helper()
	a := &chat.Auth{Resume: &chat.Resume{Hash: h}}
	if !InMemory(r.Lobby, h) {
		r.Save()
		a.Found = r.Disk.Find(h)
	}
	r.Step(chat.Command{Op: chat.Kick, Auth: a})
}
