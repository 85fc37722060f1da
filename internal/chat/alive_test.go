package chat_test

import (
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/chat/rig"
)

// A phone whose network vanishes while it waits is not matched with a newcomer: a session not heard for 12 s is not matched.
func TestSilentClientIsNotMatched(t *testing.T) {
	for name, resumable := range map[string]bool{"resumable": true, "legacy": false} {
		t.Run(name, func(t *testing.T) {
			p := newParty(t)
			vanished := p.join(resumable)
			vanished.search()
			vanished.wants("searching")
			p.Lively = false
			p.Advance(12 * time.Second)
			a, b := p.resumable(), p.resumable()
			a.search()
			b.search()
			vanished.wants()
			a.wants("searching", "matched "+string(a.partner))
			b.wants("searching", "matched "+string(b.partner))
			vanished.is(chat.Waiting)

			c := p.resumable()
			c.search()
			c.wants("searching")
			vanished.do(chat.Command{Op: chat.Heard}) // one byte, and it is first in the queue again
			c.wants("matched " + string(c.partner))
			if vanished.record().Alias != c.partner {
				t.Errorf("c is matched with %s, want the session that was silent", c.partner)
			}
		})
	}
}

// A waiting session is pinged every 10 s, which commits nothing.
func TestOnePingAWaiterIn10s(t *testing.T) {
	p := newParty(t)
	a := p.resumable()
	a.search()
	batch, probes := rig.BatchOf(p.Lobby), 0
	deliver := p.OnWire
	p.OnWire = func(c chat.ConnID, e chat.Event) {
		deliver(c, e)
		if e.Kind == chat.Probe {
			probes++
		}
	}
	p.Advance(10 * time.Minute)
	if probes != 60 {
		t.Errorf("%d pings in ten minutes, want 60", probes)
	}
	if rig.BatchOf(p.Lobby) != batch || rig.DirtyRows(p.Lobby) != 0 {
		t.Errorf("%d batches and %d rows for pings", rig.BatchOf(p.Lobby)-batch, rig.DirtyRows(p.Lobby))
	}
}

// A legacy client that lost its network reconnects on another socket, and is not matched with the lost one.
func TestClientDoesNotMeetItsGhost(t *testing.T) {
	for _, after := range []time.Duration{3 * time.Second, 5 * time.Second, 11 * time.Second, 30 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			p := newParty(t)
			ghost := p.old()
			ghost.search()
			p.Lively = false
			p.Advance(after)
			owner := p.old()
			owner.search()
			owner.do(chat.Command{Op: chat.Pong, N: owner.ping})
			ghost.do(chat.Command{Op: chat.Typing}) // in flight
			p.Advance(time.Second)
			ghost.is(chat.Waiting)
			owner.is(chat.Waiting)
			p.Lively = true
			newcomer := p.resumable()
			newcomer.search()
			newcomer.is(chat.Paired)
		})
	}
}

// Two sessions that have just parted are not matched again, even if one of them has left memory in between.
func TestRematchBanOutlivesMemory(t *testing.T) {
	p := newParty(t)
	a, b := p.resumable(), p.resumable()
	p.couple(a, b)
	p.Advance(time.Minute)
	a.drop()
	p.Advance(120 * time.Second) // the window is over: a has no chat and is not in memory
	if rig.InMemory(p.Lobby, a.hash) {
		t.Fatal("a is still in memory")
	}
	a.resume(0, 0)
	a.wants("resumed ended "+string(a.partner)+" after 2m0s", "partner_disconnected", "searching")
	a.is(chat.Waiting)
	b.is(chat.Waiting)
	p.Advance(10 * time.Second)
	a.is(chat.Paired)
}

// A row expires by the wall clock only once that can be trusted: a server that starts with its clock far ahead still resumes
// a session.
func TestClockFarAheadExpiresNoSession(t *testing.T) {
	p := newParty(t)
	a := p.resumable()
	a.search()
	a.drop()
	p.Advance(30 * time.Second) // it loses its place
	p.Save()
	found := p.Disk.Find(a.hash)
	for unsure, want := range map[bool]chat.Kind{true: chat.Resumed, false: chat.ResumeFailed} {
		tenYears := chat.Time((10 * 365 * 24 * time.Hour).Milliseconds())
		events := p.Lobby.Step(chat.Moment{Server: p.Now, Wall: p.Now + tenYears, Unsure: unsure}, &chat.Command{Op: chat.Attach, Conn: 77, Auth: &chat.Auth{
			Resumable: true, Fresh: chat.Hash{9}, Resume: &chat.Resume{Hash: a.hash, Epoch: "e1"}, Found: found,
		}}).Events
		if len(events) < 2 || events[1].Kind != want {
			t.Errorf("unsure %v: %v", unsure, events)
		}
		p.Lobby.Step(chat.At(p.Now), &chat.Command{Op: chat.Detach, Conn: 77})
	}
}
