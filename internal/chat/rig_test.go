package chat_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"chatme/internal/chat"
)

// epoch is the moment at which the tests begin.
const epoch chat.Time = 1_700_000_000_000

// timing has the protocol's durations.
func timing(boot uint64) chat.Config {
	return chat.Config{
		Epoch: "e1", Boot: boot, Since: 1,
		SessionTTL: 24 * time.Hour,
		Limits: chat.Limits{
			IdleAfter:        10 * time.Minute,
			ChatWindow:       120 * time.Second,
			ChatWindowLegacy: 30 * time.Second,
			QueueWindow:      30 * time.Second,
			SleepMax:         10 * time.Minute,
			RematchAfter:     10 * time.Second,
			SettleTimeout:    2 * time.Second,

			RingMessages: 4, RingBytes: 1 << 20, RingTotal: 2 << 20,
			MailboxMessages: 3, MailboxBytes: 1 << 20, MailTotal: 2 << 20, EntryMax: 64,
		},
	}
}

func dirtyRows(l *chat.Lobby) int {
	_, rows := l.Batch()
	return rows
}

func batchOf(l *chat.Lobby) uint64 {
	n, _ := l.Batch()
	return n
}

func inMemory(l *chat.Lobby, h chat.Hash) bool {
	held, _ := l.Locate(h)
	return held
}

func lastChange(l *chat.Lobby, h chat.Hash) uint64 {
	_, lastChange := l.Locate(h)
	return lastChange
}

// rig is a lobby with its surroundings in a server: a clock, a store and the gate in front of every socket.
// It checks the lobby after every step.
type rig struct {
	tb    testing.TB
	lobby *chat.Lobby
	now   chat.Time
	boot  uint64
	conns chat.ConnID // the last one used

	aliases uint64

	disk      disk
	flushed   []*chat.Batch // not committed yet, oldest first
	committed uint64        // batch

	held     map[chat.ConnID][]chat.Event      // behind the gate
	onWire   func(c chat.ConnID, e chat.Event) // called with what passes the gate, a replay entry by entry
	onStep   func(*chat.Command, []chat.Event) // nil, or called with every step; for a commit the command is nil
	onTake   func(*chat.Batch)                 // nil, or called with every batch taken
	onReplay func(c chat.ConnID, e chat.Event) // nil, or called with the parts of a replay

	sights map[chat.ConnID]*chat.Sight // what each socket knows
	lively bool                        // every client answers the first ping on a socket, and probes, at once
	owed   []chat.Command              // the pending answers
}

func newRig(tb testing.TB) *rig {
	r := &rig{
		tb: tb, now: epoch,
		disk:   disk{rows: make(map[chat.ID]chat.Record), mail: make(map[place]chat.MailEntry)},
		onWire: func(chat.ConnID, chat.Event) {},
	}
	r.start()
	return r
}

// start does what a server does before it listens: attached sessions are away, waiting or paired ones are loaded.
func (r *rig) start() {
	r.tb.Helper()
	r.boot++
	cfg := timing(r.boot)
	cfg.NewAlias = func() chat.Alias { r.aliases++; return chat.Alias(fmt.Sprintf("$%d", r.aliases)) }
	r.lobby = chat.New(cfg)
	r.sights, r.owed = make(map[chat.ConnID]*chat.Sight), nil
	r.lobby.Sees(func(c chat.ConnID) chat.Sight { return *r.sight(c) })
	r.flushed, r.committed, r.held = nil, 0, make(map[chat.ConnID][]chat.Event)
	if err := r.lobby.Load(chat.At(r.now), r.disk.load(r.now)); err != nil {
		r.tb.Fatal(err)
	}
	r.check()
}

// kill ends the server at once. Of the batches in flight, the first few may have reached the disk.
func (r *rig) kill(survive int) {
	r.tb.Helper()
	for _, b := range r.flushed[:survive] {
		r.disk.apply(b)
	}
	r.start()
}

func (r *rig) check() {
	r.tb.Helper()
	if err := r.lobby.Check(); err != nil {
		r.tb.Fatal(err)
	}
}

// sight returns what a socket knows.
func (r *rig) sight(c chat.ConnID) *chat.Sight {
	s := r.sights[c]
	if s == nil {
		s = &chat.Sight{Opened: r.now, Heard: r.now}
		r.sights[c] = s
	}
	return s
}

// hears records a frame from a client.
func (r *rig) hears(c *chat.Command) {
	if c.Conn == 0 || c.Op == chat.Detach {
		return
	}
	s := r.sight(c.Conn)
	s.Heard = r.now
	if c.Op != chat.Pong && c.Op != chat.Heard {
		s.Noise = s.Pinged
	}
}

// step runs one command and puts its events behind the gate.
func (r *rig) step(c chat.Command) []chat.Event {
	r.tb.Helper()
	r.hears(&c)
	events := slices.Clone(r.lobby.Step(chat.At(r.now), &c).Events)
	r.deliver(&c, events)
	r.answer()
	return events
}

// answer makes lively clients send their pending answers.
func (r *rig) answer() {
	r.tb.Helper()
	for len(r.owed) > 0 {
		c := r.owed[0]
		r.owed = r.owed[1:]
		r.step(c)
	}
}

func (r *rig) deliver(c *chat.Command, events []chat.Event) {
	r.tb.Helper()
	r.check()
	for _, e := range events {
		if len(r.held[e.Conn]) > 0 || e.After > r.committed {
			r.held[e.Conn] = append(r.held[e.Conn], e)
			continue
		}
		r.pass(e)
	}
	if r.onStep != nil {
		r.onStep(c, events)
	}
}

// pass lets an event through the gate; a replay is read from disk there and then.
func (r *rig) pass(e chat.Event) {
	if e.Kind == chat.Ping || e.Kind == chat.Probe {
		s := r.sight(e.Conn)
		if r.lively && (e.Kind == chat.Probe || s.Pinged == 0) {
			r.owed = append(r.owed, chat.Command{Op: chat.Pong, Conn: e.Conn, N: e.N})
		}
		s.Pinged, s.PingedAt = e.N, r.now
	}
	if e.Kind != chat.Replay {
		r.onWire(e.Conn, e)
		return
	}
	for _, letter := range r.disk.replay(e.Mail) {
		letter.Conn = e.Conn
		r.onWire(e.Conn, letter)
		if r.onReplay != nil {
			r.onReplay(e.Conn, letter)
		}
	}
}

// advance advances time by d, with a tick at every deadline on the way.
func (r *rig) advance(d time.Duration) {
	r.tb.Helper()
	end := r.now.Add(d)
	for {
		at, ok := r.lobby.NextDeadline()
		if !ok || at > end {
			break
		}
		r.now = max(r.now, at)
		r.step(chat.Command{Op: chat.Tick})
		if next, ok := r.lobby.NextDeadline(); ok && next <= r.now {
			r.tb.Fatalf("a tick at %d leaves something due at %d", r.now, next)
		}
	}
	r.now = end
}

// flush takes all changes as a batch, which is then in flight to the disk.
func (r *rig) flush() *chat.Batch {
	b := new(chat.Batch)
	r.lobby.TakeBatch(b)
	r.flushed = append(r.flushed, b)
	if r.onTake != nil {
		r.onTake(b)
	}
	return b
}

// commit makes the first n batches in flight durable and opens the gate for the events that waited for them.
func (r *rig) commit(n int) {
	for _, b := range r.flushed[:n] {
		r.disk.apply(b)
		r.committed = b.N
	}
	r.flushed = r.flushed[n:]
	told := slices.Clone(r.lobby.Committed(r.committed))
	for _, c := range slices.Sorted(maps.Keys(r.held)) {
		for len(r.held[c]) > 0 && r.held[c][0].After <= r.committed {
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

// save makes everything durable.
func (r *rig) save() {
	if dirtyRows(r.lobby) > 0 {
		r.flush()
	}
	r.commit(len(r.flushed))
}

// attach gives a new socket to a new session or to the one that resume asks for. As the hub does, it looks up the
// row after the batches of this moment.
func (r *rig) attach(resumable bool, fresh chat.Hash, resume *chat.Resume) chat.ConnID {
	r.tb.Helper()
	r.conns++
	a := &chat.Auth{Resumable: resumable, Fresh: fresh, Resume: resume}
	if resumable {
		a.MailKey = chat.MailKey(fresh)
	}
	if resume != nil && !inMemory(r.lobby, resume.Hash) {
		r.save()
		a.Found = r.disk.find(resume.Hash)
	}
	r.step(chat.Command{Op: chat.Attach, Conn: r.conns, Auth: a})
	return r.conns
}

// kick ends the session of h, as the hub does: with its row if it is not in memory.
func (r *rig) kick(h chat.Hash) {
	r.tb.Helper()
	a := &chat.Auth{Resume: &chat.Resume{Hash: h}}
	if !inMemory(r.lobby, h) {
		r.save()
		a.Found = r.disk.find(h)
	}
	r.step(chat.Command{Op: chat.Kick, Auth: a})
}
