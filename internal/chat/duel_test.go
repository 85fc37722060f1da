package chat_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"chatme/internal/chat"
)

// duel runs a lobby and the model side by side, and ends the test at the first difference.
type duel struct {
	*rig
	m     *model
	snaps map[uint64]snap // as of each batch taken; 0: at the start
	dirty int
	said  int // messages
	trace []move

	ids   map[chat.Hash]chat.ID
	pairs map[chat.Alias]chat.PairID // of every alias ever used
	chats map[chat.Alias]int         // … in the model's numbers
	heard map[chat.ConnID]uint64     // the last number a socket was sent in its chat

	clients []*client
	driven  map[chat.ConnID]*client
}

// snap is the disk as predicted by the model.
type snap struct {
	rows []durable
	mail []letter
}

// move is a step, for the report of a failure.
type move struct {
	now    chat.Time
	what   chat.Command
	events []chat.Event
}

func newDuel(tb testing.TB, clients int) *duel {
	d := &duel{
		rig: newRig(tb), m: &model{batch: 1, before: math.MaxInt},
		snaps: make(map[uint64]snap), driven: make(map[chat.ConnID]*client), ids: make(map[chat.Hash]chat.ID),
		pairs: make(map[chat.Alias]chat.PairID), chats: make(map[chat.Alias]int), heard: make(map[chat.ConnID]uint64),
	}
	// The first run is number 0, which is before the epoch began, as after a restore from a backup.
	d.boot = math.MaxUint64
	d.start()
	d.m.sight = func(c chat.ConnID) chat.Sight { return *d.rig.sight(c) }
	for i := range clients {
		d.clients = append(d.clients, &client{number: i})
	}
	d.onStep, d.onTake, d.onWire = d.compare, d.taken, d.wire
	return d
}

// failf reports a difference after the moves that led to it.
func (d *duel) failf(format string, a ...any) {
	d.tb.Helper()
	for _, v := range d.trace[max(0, len(d.trace)-40):] {
		d.tb.Logf("%s op %d conn %d partner %q n %d got %d text %q", since(v.now), v.what.Op, v.what.Conn,
			v.what.Partner, v.what.N, v.what.Got, v.what.Text)
		if v.what.Auth != nil && v.what.Auth.Resume != nil {
			d.tb.Logf("    %+v", *v.what.Auth.Resume)
		}
		for _, e := range v.events {
			d.tb.Logf("    to %d: %.200s @%d", e.Conn, describe(e), e.After)
		}
	}
	d.tb.Fatalf(format, a...)
}

// compare makes the model take the step that the lobby has just taken.
func (d *duel) compare(c *chat.Command, events []chat.Event) {
	if c != nil {
		d.trace = append(d.trace, move{d.now, *c, events})
	} else {
		d.trace = append(d.trace, move{d.now, chat.Command{N: d.committed}, events})
	}
	sockets := make(map[chat.ConnID]*who)
	for _, w := range d.m.people {
		sockets[w.conn] = w
	}
	d.m.batch, d.m.committed = batchOf(d.lobby), d.committed
	d.m.step(d.now, c)
	for _, w := range d.m.people {
		sockets[w.conn] = w
	}
	records := d.lobby.Records()
	d.learn(records)
	if diff := d.same(records, func(w *who) bool { return w.row && w.inMemory() }); diff != "" {
		d.failf("%s", diff)
	}
	d.presence()
	d.laws(events, sockets)
	if c == nil {
		events = d.lastAcks(events)
	}
	d.sameEvents(events)
	if !d.m.wrote && !d.m.posted && dirtyRows(d.lobby) != d.dirty {
		d.failf("L10: nothing changed, and %d rows are dirty instead of %d", dirtyRows(d.lobby), d.dirty)
	}
	d.dirty = dirtyRows(d.lobby)
}

// learn gives the model the aliases of chats that have just begun, none of which is ever reused, and the numbers of rows
// and pairs.
func (d *duel) learn(records []chat.Record) {
	for _, r := range records {
		if w := d.m.named(r.Hash); w != nil && w.chat != 0 && w.alias == "" {
			if r.Alias == "" || d.pairs[r.Alias] != 0 {
				d.failf("%s got the alias %q", r.Hash, r.Alias)
			}
			d.pairs[r.Alias], d.chats[r.Alias] = r.Pair, w.chat
			w.alias = r.Alias
		}
		d.ids[r.Hash] = r.ID
	}
	for conn, told := range d.m.said {
		for i, e := range told {
			switch {
			case e.Kind == chat.Matched && e.Alias == "":
				told[i].Alias = d.m.partner(d.m.at(conn)).alias
			case e.Kind == chat.Replay:
				e.Mail.To, e.Mail.Pair = d.ids[d.m.at(conn).hash], d.pairs[e.Mail.Alias]
			}
		}
	}
}

// same compares rows with those of the model that count, and describes any difference.
func (d *duel) same(records []chat.Record, counts func(*who) bool) string {
	byPlace := make(map[uint64]*who)
	byPair := make(map[chat.PairID]chat.Record)
	n := 0
	for _, r := range records {
		w := d.m.named(r.Hash)
		if w == nil || !counts(w) {
			return fmt.Sprintf("unexpected row of %s: %s", r.Hash, describeRow(r))
		}
		if w.resumable != r.Resumable || w.created != r.CreatedAt || w.away != r.AwaySince || w.ended != r.EndedAt ||
			w.queued != r.QueuedAt || w.matched != r.MatchedAt || w.alias != r.Alias ||
			(w.place != 0) != (r.Place != 0) || (w.chat != 0) != (r.Pair != 0) {
			return fmt.Sprintf("%s: want %+v, got %s", r.Hash, w.durable, describeRow(r))
		}
		if r.Place != 0 {
			byPlace[r.Place] = w
		}
		if p, ok := byPair[r.Pair]; ok && r.Pair != 0 {
			if d.m.named(p.Hash).chat != w.chat || p.Side == r.Side {
				return fmt.Sprintf("L2: %s and %s are paired", p.Hash, r.Hash)
			}
		}
		byPair[r.Pair] = r
		n++
	}
	places := make([]uint64, 0, len(byPlace))
	for p := range byPlace {
		places = append(places, p)
	}
	slices.Sort(places)
	for i, w := range d.m.queue() {
		if i >= len(places) || byPlace[places[i]] != w {
			return fmt.Sprintf("L3: %s is not number %d in the queue", w.hash, i+1)
		}
	}
	for _, w := range d.m.people {
		if counts(w) {
			n--
		}
	}
	if n != 0 {
		return fmt.Sprintf("%d rows are missing", -n)
	}
	return ""
}

// presence compares the state in memory that has no row, and the next deadline.
func (d *duel) presence() {
	attached := 0
	next, armed := d.lobby.NextDeadline()
	for _, w := range d.m.people {
		if w.conn != 0 {
			attached++
		}
		if inMemory(d.lobby, w.hash) != w.inMemory() {
			d.failf("%s: in memory %t", w.hash, !w.inMemory())
		}
		if t, ok := d.m.due(w); ok && (!armed || next > t) && !d.m.stopped {
			d.failf("the next tick is at %d, too late for %s at %d", next, w.hash, t)
		}
	}
	if d.lobby.Attached() != attached {
		d.failf("%d attached, not %d", d.lobby.Attached(), attached)
	}
}

// taken is a batch: its rows and mailbox entries are the model's.
func (d *duel) taken(b *chat.Batch) {
	disk := d.disk.clone()
	for _, f := range d.flushed {
		disk.apply(f)
	}
	rows := make([]chat.Record, 0, len(disk.rows))
	for _, r := range disk.rows {
		rows = append(rows, r)
	}
	if diff := d.same(rows, func(w *who) bool { return w.row }); diff != "" {
		d.failf("L5: batch %d: %s", b.N, diff)
	}
	if diff := d.sameMail(disk); diff != "" {
		d.failf("L5: batch %d: %s", b.N, diff)
	}
	d.snaps[b.N] = snap{d.rows(), slices.Clone(d.m.mail)}
	d.dirty = 0
}

func (d *duel) rows() []durable {
	var rows []durable
	for _, w := range d.m.people {
		if w.row {
			rows = append(rows, w.durable)
		}
	}
	return rows
}

// crash ends the server; the first few of the batches in flight survive.
func (d *duel) crash(survive int) {
	last := d.committed
	if survive > 0 {
		last = d.flushed[survive-1].N
	}
	rows, mail := d.snaps[last].rows, d.snaps[last].mail
	d.kill(survive)
	for _, c := range d.clients {
		c.conn, c.ghosts = 0, nil
	}
	d.m.restart(d.now, rows, mail)
	d.trace = append(d.trace, move{now: d.now})
	clear(d.snaps)
	for i := range rows {
		if rows[i].away == 0 {
			rows[i].away = d.now
		}
	}
	d.snaps[0] = snap{rows, mail}
	if diff := d.same(d.lobby.Records(), func(w *who) bool { return w.row && w.inMemory() }); diff != "" {
		d.failf("after a restart: %s", diff)
	}
	d.dirty = dirtyRows(d.lobby)
}

// sweep deletes sessions that were away for too long, with their mail, as the store does from time to time.
func (d *duel) sweep() {
	d.save()
	gone := func(away chat.Time, idle bool) bool { return idle && away != 0 && away+24*3600_000 <= d.now }
	for id, r := range d.disk.rows {
		if gone(r.AwaySince, r.State() == chat.Idle) {
			for _, h := range d.disk.held(id) {
				d.lobby.Swept(int64(h.Size))
			}
			d.disk.apply(&chat.Batch{Changes: []chat.Change{{Record: r, Deleted: true}}})
		}
	}
	for _, w := range slices.Clone(d.m.people) {
		if w.row && gone(w.away, !w.inMemory()) {
			d.m.giveUp(w)
			d.m.drop(w)
		}
	}
	d.snaps[d.committed] = snap{d.rows(), slices.Clone(d.m.mail)}
}
