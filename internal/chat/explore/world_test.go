package explore

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"chatme/internal/chat"
	"chatme/internal/chat/rig"
)

// world is a lobby with its surroundings: a disk on which only committed batches survive, the batches in flight to
// it, sockets that lose frames in flight, and clients. It advances by one action at a time, depends on nothing
// else, and can be cloned and hashed.
type world struct {
	plan *plan // static
	cell *cell // static

	lobby     *chat.Lobby
	now       chat.Time
	listening chat.Time // when this run of the server began
	aliases   int

	disk      medium
	backup    *medium
	synced    *medium  // what survives if the last commit was not synced
	pipe      []flight // taken and not committed, oldest first
	committed uint64
	stopping  bool

	sockets []*socket // open on one side at least, the oldest first
	guests  []*guest
	book    ledger
	left    limits
	fault   error // the first violation

	log      *strings.Builder // nil: no log
	attached []attached       // only with a log
}

// attached is a socket that was attached, ever.
type attached struct {
	conn  chat.ConnID
	guest int
}

// cell connects a lobby, whose function for new aliases cannot be cloned, to its world.
type cell struct{ w *world }

// flight is a batch in flight, with the rows of the lobby when it was taken.
type flight struct {
	batch chat.Batch
	rows  []chat.Record
}

func newWorld(p *plan, log *strings.Builder) *world {
	w := &world{plan: p, cell: &cell{}, now: rig.Epoch, log: log}
	for i, k := range p.guests {
		w.guests = append(w.guests, &guest{id: i, kind: kind(k)})
	}
	w.boot()
	return w
}

// prelude matches the first two guests, if the plan begins there. Then the limits of the plan apply.
func (w *world) prelude() {
	all := w.plan
	hurried := *all
	hurried.lag, hurried.slow = false, false
	w.plan = &hurried
	for _, g := range w.guests[:w.plan.matched] {
		w.do(action{what: connects, who: int8(g.id)})
		w.rest()
		if !g.kind.old() {
			w.left.presses = 1
			w.do(action{what: presses, who: int8(g.id)})
			w.rest()
		}
	}
	w.plan, w.left = all, all.limits
}

// rest lets everything in flight finish.
func (w *world) rest() {
	w.left = limits{}
	for w.fault == nil {
		done := true
		for _, a := range w.enabled(nil) {
			if a.what != connects && a.what != confirms && done {
				w.do(a)
				done = false
			}
		}
		if done {
			return
		}
	}
}

// boot does what a server does before it listens.
func (w *world) boot() {
	w.disk.boot++
	w.listening, w.pipe, w.committed, w.stopping = w.now, nil, 0, false
	cfg := rig.Timing(w.disk.boot)
	cfg.Since = max(w.disk.since, 1)
	cfg.Epoch = fmt.Sprintf("e%d", w.disk.epoch+1)
	cfg.RingMessages, cfg.RingBytes, cfg.RingTotal = w.plan.ring, 1<<20, int64(w.plan.total)*270
	cfg.MailboxMessages, cfg.MailboxBytes, cfg.MailTotal = w.plan.mailbox, 1<<20, int64(w.plan.total)*270
	cfg.EntryMax = w.plan.entry
	cfg.LowPriority = chat.LowPriorityOff // no guest has a network, so none could stand out
	if w.plan.ttl != 0 {
		cfg.SessionTTL = w.plan.ttl
	}
	to := w.cell
	cfg.NewAlias = func() chat.Alias { to.w.aliases++; return chat.Alias(fmt.Sprintf("$%d", to.w.aliases)) }
	w.cell.w = w
	w.lobby = chat.New(cfg)
	w.lobby.Sees(func(c chat.ConnID) chat.Sight { return to.w.sight(c) })
	saved := chat.Saved{MailBytes: w.disk.bytes(), Rows: len(w.disk.rows)}
	for i := range w.disk.rows {
		row := &w.disk.rows[i]
		if row.AwaySince == 0 {
			row.AwaySince = w.now
		}
		if row.State() != chat.Idle {
			saved.Records = append(saved.Records, *row)
			saved.Mail = append(saved.Mail, w.disk.mail(row.ID)...)
		}
	}
	if w.plan.bug == mailForgotten {
		saved.Mail, saved.MailBytes = nil, 0
	}
	if err := w.lobby.Load(chat.At(w.now), saved); err != nil {
		w.failf("what is on disk cannot be restored: %v", err)
	}
	w.afterStep()
	for _, g := range w.guests {
		g.nap = 0
		if g.kind.old() {
			g.queued = false
		}
	}
}

// kill ends the server at once; the first survive batches in flight are on disk. The sockets break, but frames that
// have left still arrive.
func (w *world) kill(survive int) {
	w.note("kill %d", survive)
	for i := range w.pipe {
		if i < survive != (w.plan.bug == suffixSurvives) {
			w.disk.apply(&w.pipe[i].batch, w.plan.bug)
		}
	}
	if boot := w.disk.boot; w.synced != nil && w.synced.boot == boot {
		w.disk = *w.synced
	}
	w.halt()
	w.boot()
}

func (w *world) halt() {
	for _, s := range w.sockets {
		s.there, s.gate, s.up, s.auth = false, nil, nil, nil
	}
}

// restore replaces the database by the backup: a new epoch, in which every chat of the backup is over.
func (w *world) restore() {
	w.note("# the database is restored from the backup")
	w.halt()
	next := w.disk.epoch + 1
	w.disk = w.backup.copy()
	w.disk.epoch, w.disk.since = next, w.disk.boot+1
	for i := range w.disk.rows {
		if row := &w.disk.rows[i]; row.State() == chat.Paired {
			row.Pair, row.Side, row.Alias, row.MatchedAt = 0, 0, "", 0
		}
	}
	w.book.restored(w)
	w.boot()
}

// step runs one command and puts its events behind the gate.
func (w *world) step(c chat.Command) {
	w.cell.w = w
	if at, ok := w.lobby.NextDeadline(); ok && at <= w.now && c.Op != chat.Tick && c.Op != chat.Stop {
		// What is due for waiting sessions comes before the command. The ledger must see the chats that begin by it.
		w.stepOne(chat.Command{Op: chat.Activity})
	}
	w.stepOne(c)
}

func (w *world) stepOne(c chat.Command) {
	if s := w.socket(c.Conn); s != nil && c.Op == chat.Search {
		key := chat.MailKey(w.guests[s.guest].hash(s.conn))
		c.MailKey = &key
	}
	before := w.book.before(w, &c)
	w.tell(w.lobby.Step(chat.At(w.now), &c).Events)
	w.book.after(w, &c, before)
	w.afterStep()
}

func (w *world) afterStep() {
	if err := w.lobby.Check(); err != nil {
		w.failf("check: %v", err)
	}
	w.book.records(w)
}

func (w *world) tell(events []chat.Event) {
	for _, e := range events {
		w.noteEvent(e)
		if e.Kind == chat.Resumed {
			w.book.resumed(w, e.Resumed)
		}
		if s := w.socket(e.Conn); s != nil && s.there {
			s.gate = append(s.gate, e)
		}
	}
}

func (w *world) flush() {
	rows := w.lobby.Records()
	var b chat.Batch
	w.lobby.TakeBatch(&b)
	b.Changes = slices.Clone(b.Changes)
	w.pipe = append(w.pipe, flight{b, rows})
	w.note("flush")
	w.noteBatch(&b)
	if w.plan.bug == ackedAtFlush { // report custody before the entries are durable
		w.tell(w.lobby.Committed(b.N))
	}
}

// commit makes the oldest batch in flight durable.
func (w *world) commit() {
	f := w.pipe[0]
	w.pipe = w.pipe[1:]
	if w.plan.bug == notSynced {
		d := w.disk.copy()
		w.synced = &d
	}
	w.disk.apply(&f.batch, w.plan.bug)
	w.committed = f.batch.N
	w.note("commit 1")
	w.tell(w.lobby.Committed(w.committed))
	for _, r := range f.rows {
		if on := w.disk.row(chat.Hash{}, r.ID); on == nil || *on != r {
			w.failf("L5: after batch %d the row of %s is %+v, not %+v", f.batch.N, r.Hash, on, r)
		}
	}
	w.afterStep()
}

func (w *world) failf(format string, a ...any) {
	if w.fault == nil {
		w.fault = fmt.Errorf(format, a...)
	}
}

// wait lets a little time pass.
func (w *world) wait(d time.Duration) {
	w.note("advance %s", d)
	w.now = w.now.Add(d)
	if at, ok := w.lobby.NextDeadline(); ok && at <= w.now {
		w.step(chat.Command{Op: chat.Tick})
	}
}

// tick advances time to the next deadline, and perhaps a moment longer without a Tick.
func (w *world) tick(late bool) {
	at, ok := w.lobby.NextDeadline()
	if !ok {
		return
	}
	if late {
		w.note("late %s", (time.Duration(max(at-w.now, 0)+1) * time.Millisecond).String())
		w.now = max(w.now, at) + 1
		return
	}
	w.note("advance %s", (time.Duration(max(at-w.now, 0)) * time.Millisecond).String())
	w.now = max(w.now, at)
	w.step(chat.Command{Op: chat.Tick})
	if at, ok := w.lobby.NextDeadline(); ok && at <= w.now {
		w.failf("a tick leaves something due")
	}
}
