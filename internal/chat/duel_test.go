package chat_test

import (
	"fmt"
	"slices"
	"testing"

	"chatme/internal/chat"
)

// duel runs a lobby and the model side by side, and ends the test at the first difference.
type duel struct {
	*rig
	m     *model
	snaps map[uint64][]durable // the model's rows as of each batch taken; 0: at the start
	dirty int
	used  map[chat.Alias]bool
	trace []move

	clients []*client
	driven  map[chat.ConnID]*client
}

// move is a step, for the report of a failure.
type move struct {
	now    chat.Time
	what   chat.Command
	events []chat.Event
}

func newDuel(tb testing.TB, clients int) *duel {
	d := &duel{
		rig: newRig(tb), m: &model{batch: 1}, snaps: map[uint64][]durable{},
		used: make(map[chat.Alias]bool), driven: make(map[chat.ConnID]*client),
	}
	for i := range clients {
		d.clients = append(d.clients, &client{number: i})
	}
	d.onStep, d.onTake, d.onWire = d.compare, d.taken, d.wire
	return d
}

// failf reports a difference behind the moves that led to it.
func (d *duel) failf(format string, a ...any) {
	d.tb.Helper()
	for _, v := range d.trace[max(0, len(d.trace)-40):] {
		d.tb.Logf("%s op %d conn %d partner %q n %d got %d text %q", since(v.now), v.what.Op, v.what.Conn,
			v.what.Partner, v.what.N, v.what.Got, v.what.Text)
		if v.what.Auth != nil && v.what.Auth.Resume != nil {
			d.tb.Logf("    %+v", *v.what.Auth.Resume)
		}
		for _, e := range v.events {
			d.tb.Logf("    to %d: %s @%d", e.Conn, describe(e), e.After)
		}
	}
	d.tb.Fatalf(format, a...)
}

// compare lets the model take the step that the lobby has just taken.
func (d *duel) compare(c *chat.Command, events []chat.Event) {
	d.trace = append(d.trace, move{d.now, *c, events})
	sockets := make(map[chat.ConnID]*who)
	for _, w := range d.m.people {
		sockets[w.conn] = w
	}
	d.m.batch, d.m.committed = d.lobby.Batch(), d.committed
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
	d.sameEvents(events)
	d.laws(events, sockets)
	if !d.m.wrote && d.lobby.Dirty() != d.dirty {
		d.failf("L10: nothing changed, and %d rows are dirty instead of %d", d.lobby.Dirty(), d.dirty)
	}
	d.dirty = d.lobby.Dirty()
}

// learn gives the model the aliases of chats that have just begun; none is ever used twice.
func (d *duel) learn(records []chat.Record) {
	for _, r := range records {
		if w := d.m.named(r.Hash); w != nil && w.chat != 0 && w.alias == "" {
			if r.Alias == "" || d.used[r.Alias] {
				d.failf("%s got the alias %q", r.Hash, r.Alias)
			}
			d.used[r.Alias] = true
			w.alias = r.Alias
		}
	}
	for conn, told := range d.m.said {
		for i, e := range told {
			if e.Kind == chat.Matched {
				told[i].Alias = d.m.partner(d.m.at(conn)).alias
			}
		}
	}
}

// same compares rows with those of the model's people that count, and says how they differ.
func (d *duel) same(records []chat.Record, counts func(*who) bool) string {
	byPlace := make(map[uint64]*who)
	byPair := make(map[chat.PairID]chat.Record)
	n := 0
	for _, r := range records {
		w := d.m.named(r.Hash)
		if w == nil || !counts(w) {
			return fmt.Sprintf("the row of %s should not be: %s", r.Hash, describeRow(r))
		}
		if w.resumable != r.Resumable || w.created != r.CreatedAt || w.away != r.AwaySince || w.ended != r.EndedAt ||
			w.queued != r.QueuedAt || w.matched != r.MatchedAt || w.alias != r.Alias ||
			(w.place != 0) != (r.Place != 0) || (w.chat != 0) != (r.Pair != 0) {
			return fmt.Sprintf("%s should be %+v, is %s", r.Hash, w.durable, describeRow(r))
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
			return fmt.Sprintf("L3: %s is not the %d. in the queue", w.hash, i+1)
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

// presence compares what is in memory without being in a row, and the next deadline.
func (d *duel) presence() {
	attached := 0
	next, armed := d.lobby.NextDeadline()
	for _, w := range d.m.people {
		if w.conn != 0 {
			attached++
		}
		if d.lobby.Holds(w.hash) != w.inMemory() {
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

// taken is a batch: the rows on their way to the disk are the model's.
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
	d.snaps[b.N] = d.rows()
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

// crash ends the server; of the batches in flight the first few survive.
func (d *duel) crash(survive int) {
	last := d.committed
	if survive > 0 {
		last = d.flushed[survive-1].N
	}
	rows := d.snaps[last]
	d.kill(survive)
	d.m.restart(d.now, rows)
	d.trace = append(d.trace, move{now: d.now})
	clear(d.snaps)
	for i := range rows {
		if rows[i].away == 0 {
			rows[i].away = d.now
		}
	}
	d.snaps[0] = rows
	if diff := d.same(d.lobby.Records(), func(w *who) bool { return w.row && w.inMemory() }); diff != "" {
		d.failf("after a restart: %s", diff)
	}
	d.dirty = d.lobby.Dirty()
}
