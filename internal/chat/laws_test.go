package chat_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/chat/duel"
	"chatme/internal/chat/rig"
)

// Tests of the laws of doc.go, by name. FuzzLobby checks all of them after every step.

func TestL1OneState(t *testing.T) {
	p := newParty(t)
	a, b := p.resumable(), p.resumable()
	walk := []struct {
		name string
		do   func()
		want chat.State
		away bool
	}{
		{"attached", func() {}, chat.Idle, false},
		{"waiting", a.search, chat.Waiting, false},
		{"waiting, away", a.drop, chat.Waiting, true},
		{"waiting again", func() { a.resume(0, 0) }, chat.Waiting, false},
		{"paired", b.search, chat.Paired, false},
		{"paired, away", a.drop, chat.Paired, true},
		{"put back, away", b.search, chat.Waiting, true},
		{"lapsed", func() { a.wait(30 * time.Second) }, chat.Idle, true},
	}
	for _, w := range walk {
		w.do()
		for _, r := range p.Disk.Rows {
			if r.Hash != a.hash {
				continue
			}
			if r.Place != 0 && r.Pair != 0 {
				t.Fatalf("%s: place %d and pair %d", w.name, r.Place, r.Pair)
			}
			if r.State() != w.want || (r.AwaySince != 0) != w.away {
				t.Errorf("%s: is %s", w.name, rig.DescribeRow(r))
			}
		}
	}
}

func TestL2PairsAreSymmetric(t *testing.T) {
	p := newParty(t)
	var all []*person
	for i := range 9 {
		all = append(all, p.join(i%3 == 0))
	}
	for range 5 {
		for _, one := range all {
			one.search()
			if one.ping != 0 {
				one.pong()
			}
			sides := make(map[chat.PairID][]chat.Record)
			for _, r := range p.Lobby.Records() {
				if r.Pair != 0 {
					sides[r.Pair] = append(sides[r.Pair], r)
				}
			}
			for id, s := range sides {
				if len(s) != 2 || s[0].ID == s[1].ID || s[0].Side == s[1].Side || s[0].Alias == s[1].Alias {
					t.Fatalf("pair %d: %v", id, s)
				}
			}
		}
	}
}

func TestL3OldestFirst(t *testing.T) {
	p := newParty(t)
	a, b, c, d := p.resumable(), p.resumable(), p.resumable(), p.resumable()
	a.search()
	a.drop()
	p.couple(b, c)
	b.search() // waiting: a, away; c; and b, which may not meet c yet
	a.resume(0, 0)
	a.wants("searching", "resumed searching after 0s", "matched $4")
	c.wants("partner_disconnected", "matched $3")
	b.wants("searching")
	d.search()
	b.wants("matched $6")
	d.wants("searching", "matched $5")
}

func TestL5StoreEqualsLobby(t *testing.T) {
	for seed := range uint64(10) {
		d := duel.New(t, 6)
		d.OnTake = func(b *chat.Batch) {
			d.Taken(b)
			all := d.Disk.Clone()
			for _, f := range d.Flushed {
				all.Apply(f)
			}
			disk := all.Rows
			var mail []chat.Held
			for _, r := range d.Lobby.Records() {
				mail = append(mail, all.Held(r.ID)...)
			}
			if !slices.Equal(mail, d.Lobby.Mail()) {
				t.Fatalf("the store holds %+v\nthe lobby has %+v", mail, d.Lobby.Mail())
			}
			for _, r := range d.Lobby.Records() {
				if disk[r.ID] != r {
					t.Fatalf("the store has %+v\nthe lobby has %+v", disk[r.ID], r)
				}
				delete(disk, r.ID)
			}
			for _, r := range disk {
				if r.State() != chat.Idle || r.AwaySince == 0 || !r.Resumable || rig.InMemory(d.Lobby, r.Hash) {
					t.Fatalf("not in memory: %s", rig.DescribeRow(r))
				}
			}
		}
		r := rand.New(rand.NewPCG(seed, 5))
		for range 200 {
			d.Play(d.Clients[r.IntN(6)], byte(r.IntN(32)), byte(r.Uint32()))
			d.Save()
		}
	}
}

func TestL6EventsInOrder(t *testing.T) {
	p := newParty(t)
	a, b := p.resumable(), p.resumable()
	a.search()
	p.Step(chat.Command{Op: chat.Search, Conn: b.conn})
	var want []string
	n := uint64(0)
	for i := range 50 {
		// Some events up to matched are still behind the gate.
		if i == 20 {
			p.Save()
		}
		if i%20 != 10 { // of messages only so many wait for an ack
			p.Step(chat.Command{Op: chat.Typing, Conn: b.conn, Start: i%2 == 0})
			want = append(want, map[bool]string{true: "typing_start", false: "typing_stop"}[i%2 == 0])
			continue
		}
		n++
		text := fmt.Sprint(i)
		p.Step(chat.Command{Op: chat.Send, Conn: b.conn, Text: text, N: n})
		want = append(want, fmt.Sprintf("message $2 %q n=%d at +0s", text, n))
	}
	a.wants(append([]string{"searching", "matched $2"}, want...)...)
}

func TestL7FencedConnIsIgnored(t *testing.T) {
	p := newParty(t)
	a, b := p.resumable(), p.resumable()
	p.couple(a, b)
	old := a.conn
	a.resume(0, 0)
	b.heard = nil
	for op := chat.Detach; op <= chat.Activity; op++ {
		for _, leaves := range []bool{false, true} {
			events := p.Step(chat.Command{
				Op: op, Conn: old, Text: "x", N: 1, Got: 1, Start: true, For: time.Hour, Leaves: leaves,
				Refused: chat.ErrBadMessage,
			})
			if len(events) != 0 || rig.DirtyRows(p.Lobby) != 0 {
				t.Errorf("op %d: %d events, %d rows", op, len(events), rig.DirtyRows(p.Lobby))
			}
		}
	}
	if n := p.Lobby.Attached(); n != 2 {
		t.Errorf("%d sockets for two sessions", n)
	}
	b.wants()
}

func TestL8BodyStaysInsidePair(t *testing.T) {
	p := newParty(t)
	a, b, c, d := p.old(), p.old(), p.old(), p.old()
	p.couple(a, b)
	p.couple(c, d)
	a.say("ab")
	c.say("cd")
	a.search()
	c.search()
	a.settles()
	c.settles() // a and c are in a chat now; b and d were not told yet
	b.say("ba")
	d.say("dc")
	b.settles()
	d.settles()
	b.say("bd")
	a.wants("searching", "matched $6")
	c.wants("searching", "matched $5")
	b.wants("message $1 \"ab\"", "partner_disconnected", "matched $8")
	d.wants("message $3 \"cd\"", "partner_disconnected", "matched $7", "message $7 \"bd\"")
}

func TestL9ToldMeansQueued(t *testing.T) {
	p := newParty(t)
	told := 0
	deliver := p.OnWire
	p.OnWire = func(c chat.ConnID, e chat.Event) {
		deliver(c, e)
		if e.Kind != chat.Searching && e.Kind != chat.PartnerDisconnected {
			return
		}
		told++
		for _, one := range p.people {
			if one.conn != c {
				continue
			}
			if r := p.Disk.Rows[one.record().ID]; r.State() != chat.Waiting && r.State() != chat.Paired {
				t.Errorf("%s: the row on disk is %s", rig.Describe(e), rig.DescribeRow(r))
			}
		}
	}
	a, b := p.resumable(), p.old()
	b.say("nobody is there")
	b.pong()
	a.search()
	b.search()
	a.drop()
	b.pong()
	b.say("nobody is there again")
	a.resume(0, 0)
	a.wait(2 * time.Second)
	a.search()
	a.drop()
	a.wait(time.Minute)
	a.resume(0, 0)
	if told != 10 {
		t.Errorf("reported %d times", told)
	}
}

func TestL10Quiet(t *testing.T) {
	p := newParty(t)
	a, b, o, q := p.resumable(), p.resumable(), p.old(), p.old()
	p.couple(a, b)
	p.couple(o, q)
	batch := rig.BatchOf(p.Lobby)
	for i := range uint64(100) {
		a.number(i+1, "hello")
		b.typing(i%2 == 0)
		b.ack(i + 1)
		o.say("hello")
		q.typing(true)
		a.do(chat.Command{Op: chat.Activity})
		a.do(chat.Command{Op: chat.Malformed, Refused: chat.ErrBadMessage})
		a.do(chat.Command{Op: chat.Sleep, For: time.Minute})
		q.do(chat.Command{Op: chat.Pong, N: i})
		a.wait(time.Minute)
	}
	if rig.BatchOf(p.Lobby) != batch {
		t.Errorf("%d batches without changes", rig.BatchOf(p.Lobby)-batch)
	}
	if at, ok := p.Lobby.NextDeadline(); ok {
		t.Errorf("a timer is set for %s", rig.Since(at))
	}
}

// TestL13BothLive: whatever its client does, each side of a new pair was heard within the last 12 s.
func TestL13BothLive(t *testing.T) {
	matches := 0
	for seed := range uint64(20) {
		p := newParty(t)
		p.Lively = false
		r := rand.New(rand.NewPCG(seed, 13))
		p.OnStep = func(_ *chat.Command, events []chat.Event) {
			for _, e := range events {
				if heard := p.Sight(e.Conn).Heard; e.Kind == chat.Matched {
					if matches++; p.Now >= heard.Add(12*time.Second) {
						t.Errorf("socket %d is matched and was last heard %d ms ago", e.Conn, p.Now-heard)
					}
				}
			}
		}
		var all []*person
		for range 6 {
			all = append(all, p.resumable())
		}
		for range 300 {
			one := all[r.IntN(len(all))]
			switch r.IntN(4) {
			case 0:
				one.search()
			case 1:
				one.do(chat.Command{Op: chat.Heard})
			default:
				p.Advance(time.Duration(r.IntN(5000)) * time.Millisecond)
			}
		}
	}
	if matches < 1000 {
		t.Errorf("only %d sides were matched", matches)
	}
}
