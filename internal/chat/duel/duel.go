package duel

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"chatme/internal/chat"
	"chatme/internal/chat/model"
	"chatme/internal/chat/rig"
)

// Duel runs a lobby and the model side by side, and ends the test at the first difference.
type Duel struct {
	*rig.Rig
	m     *model.Model
	snaps map[uint64]snap // as of each batch taken; 0: at the start
	dirty int
	said  int // messages
	trace []move

	ids   map[chat.Hash]chat.ID
	pairs map[chat.Alias]chat.PairID // of every alias ever used
	chats map[chat.Alias]int         // … in the model's numbers
	heard map[chat.ConnID]uint64     // the last number a socket was sent in its chat

	Clients []*client
	driven  map[chat.ConnID]*client
}

// snap is the disk as predicted by the model.
type snap struct {
	rows []model.Durable
	mail []model.Entry
}

// move is a step, for the report of a failure.
type move struct {
	now    chat.Time
	what   chat.Command
	events []chat.Event
}

func New(tb testing.TB, clients int) *Duel {
	d := &Duel{
		Rig: rig.New(tb), m: &model.Model{Batch: 1, Before: math.MaxInt},
		snaps: make(map[uint64]snap), driven: make(map[chat.ConnID]*client), ids: make(map[chat.Hash]chat.ID),
		pairs: make(map[chat.Alias]chat.PairID), chats: make(map[chat.Alias]int), heard: make(map[chat.ConnID]uint64),
	}
	// The first run is number 0, which is before the epoch began, as after a restore from a backup.
	d.Boot = math.MaxUint64
	d.Start()
	d.m.Sight = func(c chat.ConnID) chat.Sight { return *d.Rig.Sight(c) }
	for i := range clients {
		d.Clients = append(d.Clients, &client{number: i})
	}
	d.OnStep, d.OnTake, d.OnWire = d.compare, d.Taken, d.wire
	return d
}

// failf reports a difference after the moves that led to it.
func (d *Duel) failf(format string, a ...any) {
	d.TB.Helper()
	for _, v := range d.trace[max(0, len(d.trace)-40):] {
		d.TB.Logf("%s op %d conn %d partner %q n %d got %d text %q", rig.Since(v.now), v.what.Op, v.what.Conn,
			v.what.Partner, v.what.N, v.what.Got, v.what.Text)
		if v.what.Auth != nil && v.what.Auth.Resume != nil {
			d.TB.Logf("    %+v", *v.what.Auth.Resume)
		}
		for _, e := range v.events {
			d.TB.Logf("    to %d: %.200s @%d", e.Conn, rig.Describe(e), e.After)
		}
	}
	d.TB.Fatalf(format, a...)
}

// compare makes the model take the step that the lobby has just taken.
func (d *Duel) compare(c *chat.Command, events []chat.Event) {
	if c != nil {
		d.trace = append(d.trace, move{d.Now, *c, events})
	} else {
		d.trace = append(d.trace, move{d.Now, chat.Command{N: d.Committed}, events})
	}
	sockets := make(map[chat.ConnID]*model.Session)
	for _, w := range d.m.Sessions {
		sockets[w.Conn] = w
	}
	d.m.Batch, d.m.Committed = rig.BatchOf(d.Lobby), d.Committed
	d.m.Step(d.Now, c)
	for _, w := range d.m.Sessions {
		sockets[w.Conn] = w
	}
	records := d.Lobby.Records()
	d.learn(records, sockets)
	d.learnBrief(events)
	if diff := d.same(records, func(w *model.Session) bool { return w.Row && w.InMemory() }); diff != "" {
		d.failf("%s", diff)
	}
	d.presence()
	d.laws(events, sockets)
	if c == nil {
		events = d.lastAcks(events)
	}
	d.sameEvents(events)
	if !d.m.Wrote && !d.m.Posted && rig.DirtyRows(d.Lobby) != d.dirty {
		d.failf("L10: nothing changed, and %d rows are dirty instead of %d", rig.DirtyRows(d.Lobby), d.dirty)
	}
	d.dirty = rig.DirtyRows(d.Lobby)
}

// learn gives the model the aliases of chats that have just begun, none of which is ever reused, and the numbers of rows
// and pairs. sockets has the session of each socket, also of one that is gone since the step.
func (d *Duel) learn(records []chat.Record, sockets map[chat.ConnID]*model.Session) {
	for _, r := range records {
		if w := d.m.Named(r.Hash); w != nil && w.Chat != 0 && w.Alias == "" {
			if r.Alias == "" || d.pairs[r.Alias] != 0 {
				d.failf("%s got the alias %q", r.Hash, r.Alias)
			}
			d.pairs[r.Alias], d.chats[r.Alias] = r.Pair, w.Chat
			w.Alias = r.Alias
		}
		d.ids[r.Hash] = r.ID
	}
	for conn, told := range d.m.Said {
		for i, e := range told {
			switch {
			case e.Kind == chat.Matched && e.Alias == "" && !slices.ContainsFunc(told[i+1:], isMatched):
				if p := d.m.Partner(sockets[conn]); p != nil {
					told[i].Alias = p.Alias
				}
			case e.Kind == chat.Resumed && e.Resumed.State == chat.ResumedMatched && e.Resumed.Alias == "":
				e.Resumed.Alias = d.m.Partner(sockets[conn]).Alias
			case e.Kind == chat.Replay:
				e.Mail.To, e.Mail.Pair = d.ids[sockets[conn].Hash], d.pairs[e.Mail.Alias]
			}
		}
	}
}

func isMatched(e chat.Event) bool { return e.Kind == chat.Matched }

// learnBrief gives the model the aliases of chats that began and ended within the step, which only the events name.
func (d *Duel) learnBrief(events []chat.Event) {
	for conn, told := range d.m.Said {
		var aliases []chat.Alias
		for _, e := range events {
			if e.Conn == conn && isMatched(e) {
				aliases = append(aliases, e.Alias)
			}
		}
		for i := range told {
			if !isMatched(told[i]) || len(aliases) == 0 {
				continue
			}
			if alias := aliases[0]; told[i].Alias == "" {
				if alias == "" || d.pairs[alias] != 0 {
					d.failf("%d got the alias %q", conn, alias)
				}
				told[i].Alias, d.pairs[alias] = alias, brief
			}
			aliases = aliases[1:]
		}
	}
}

// brief stands for the number of a pair that no row had. Nothing is held for it.
const brief chat.PairID = 1

// same compares rows with those of the model that count, and describes any difference.
func (d *Duel) same(records []chat.Record, counts func(*model.Session) bool) string {
	byPlace := make(map[uint64]*model.Session)
	byPair := make(map[chat.PairID]chat.Record)
	n := 0
	for _, r := range records {
		w := d.m.Named(r.Hash)
		if w == nil || !counts(w) {
			return fmt.Sprintf("unexpected row of %s: %s", r.Hash, rig.DescribeRow(r))
		}
		if w.Resumable != r.Resumable || w.Created != r.CreatedAt || w.Away != r.AwaySince || w.Ended != r.EndedAt ||
			w.Queued != r.QueuedAt || w.Matched != r.MatchedAt || w.Alias != r.Alias ||
			(w.Place != 0) != (r.Place != 0) || (w.Chat != 0) != (r.Pair != 0) {
			return fmt.Sprintf("%s: want %+v, got %s", r.Hash, w.Durable, rig.DescribeRow(r))
		}
		if r.Place != 0 {
			byPlace[r.Place] = w
		}
		if p, ok := byPair[r.Pair]; ok && r.Pair != 0 {
			if d.m.Named(p.Hash).Chat != w.Chat || p.Side == r.Side {
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
	for i, w := range d.m.Queue() {
		if i >= len(places) || byPlace[places[i]] != w {
			return fmt.Sprintf("L3: %s is not number %d in the queue", w.Hash, i+1)
		}
	}
	for _, w := range d.m.Sessions {
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
func (d *Duel) presence() {
	attached := 0
	next, armed := d.Lobby.NextDeadline()
	for _, w := range d.m.Sessions {
		if w.Conn != 0 {
			attached++
		}
		if rig.InMemory(d.Lobby, w.Hash) != w.InMemory() {
			d.failf("%s: in memory %t", w.Hash, !w.InMemory())
		}
		if t, ok := d.m.Due(w); ok && (!armed || next > t) && !d.m.Stopped {
			d.failf("the next tick is at %d, too late for %s at %d", next, w.Hash, t)
		}
	}
	if d.Lobby.Attached() != attached {
		d.failf("%d attached, not %d", d.Lobby.Attached(), attached)
	}
}

// Taken is a batch: its rows and mailbox entries are the model's.
func (d *Duel) Taken(b *chat.Batch) {
	disk := d.Disk.Clone()
	for _, f := range d.Flushed {
		disk.Apply(f)
	}
	rows := make([]chat.Record, 0, len(disk.Rows))
	for _, r := range disk.Rows {
		rows = append(rows, r)
	}
	if diff := d.same(rows, func(w *model.Session) bool { return w.Row }); diff != "" {
		d.failf("L5: batch %d: %s", b.N, diff)
	}
	if diff := d.sameMail(disk); diff != "" {
		d.failf("L5: batch %d: %s", b.N, diff)
	}
	d.snaps[b.N] = snap{d.rows(), slices.Clone(d.m.Mail)}
	d.dirty = 0
}

func (d *Duel) rows() []model.Durable {
	var rows []model.Durable
	for _, w := range d.m.Sessions {
		if w.Row {
			rows = append(rows, w.Durable)
		}
	}
	return rows
}

// crash ends the server; the first few of the batches in flight survive.
func (d *Duel) crash(survive int) {
	last := d.Committed
	if survive > 0 {
		last = d.Flushed[survive-1].N
	}
	rows, mail := d.snaps[last].rows, d.snaps[last].mail
	d.Kill(survive)
	for _, c := range d.Clients {
		c.conn, c.ghosts = 0, nil
	}
	d.m.Restart(d.Now, rows, mail)
	d.trace = append(d.trace, move{now: d.Now})
	clear(d.snaps)
	for i := range rows {
		if rows[i].Away == 0 {
			rows[i].Away = d.Now
		}
	}
	d.snaps[0] = snap{rows, mail}
	if diff := d.same(d.Lobby.Records(), func(w *model.Session) bool { return w.Row && w.InMemory() }); diff != "" {
		d.failf("after a restart: %s", diff)
	}
	d.dirty = rig.DirtyRows(d.Lobby)
}

// sweep deletes sessions that were away for too long, with their mail, as the store does from time to time.
func (d *Duel) sweep() {
	d.Save()
	gone := func(away chat.Time, idle bool) bool { return idle && away != 0 && away+24*3600_000 <= d.Now }
	for id, r := range d.Disk.Rows {
		if gone(r.AwaySince, r.State() == chat.Idle) {
			for _, h := range d.Disk.Held(id) {
				d.Lobby.Swept(0, int64(h.Size))
			}
			d.Lobby.Swept(1, 0)
			d.Disk.Apply(&chat.Batch{Changes: []chat.Change{{Record: r, Deleted: true}}})
		}
	}
	for _, w := range slices.Clone(d.m.Sessions) {
		if w.Row && gone(w.Away, !w.InMemory()) {
			d.m.GiveUp(w)
			d.m.Drop(w)
		}
	}
	d.snaps[d.Committed] = snap{d.rows(), slices.Clone(d.m.Mail)}
}
