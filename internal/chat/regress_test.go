package chat_test

import (
	"testing"
	"time"

	"chatme/internal/chat"
)

// Defects of the previous server.

func TestNotMatchedWithOneselfOnSecondSearch(t *testing.T) {
	p := newParty(t)
	a := p.old()
	a.search()
	a.search()
	a.wants("searching", "searching")
	a.is(chat.Waiting)
}

func TestNotMatchedWithOneselfWhileWaiting(t *testing.T) {
	p := newParty(t)
	a := p.resumable()
	a.search()
	place := a.record().Place
	a.drop()
	a.resume(0, 0)
	a.search()
	a.wait(time.Hour)
	a.is(chat.Waiting)
	if a.record().Place != place {
		t.Error("searching again while waiting lost the place in the queue")
	}
}

func TestNotMatchedWithOneselfWhenPartnerDropsDuringNext(t *testing.T) {
	p := newParty(t)
	a, b := p.old(), p.old()
	p.couple(a, b)
	b.drop()
	a.search()
	a.wants("partner_disconnected", "searching")
	a.pong()
	a.wait(time.Minute)
	a.wants()
	a.is(chat.Waiting)
}

func TestWaitingPersonSurvivesVanishingSearcher(t *testing.T) {
	p := newParty(t)
	a, b, c := p.old(), p.old(), p.old()
	a.search()
	// b leaves before it is told that it was matched.
	p.Step(chat.Command{Op: chat.Search, Conn: b.conn})
	p.Step(chat.Command{Op: chat.Detach, Conn: b.conn})
	p.Save()
	a.wants("searching", "matched $2", "partner_disconnected")
	a.is(chat.Waiting)
	a.pong()
	c.search()
	a.wants("matched $4")
}

func TestTwoPressNextAtOnce(t *testing.T) {
	p := newParty(t)
	a, b, c, d := p.old(), p.old(), p.old(), p.old()
	p.couple(a, b)
	// Neither was told of the other's when its own arrives.
	p.Step(chat.Command{Op: chat.Search, Conn: a.conn})
	p.Step(chat.Command{Op: chat.Search, Conn: b.conn})
	p.Save()
	a.wants("searching")
	b.wants("partner_disconnected", "searching")
	a.pong()
	b.settles()
	c.search()
	d.search()
	// b was left, so it was queued first.
	b.wants("matched $4")
	c.wants("searching", "matched $3")
	a.wants("matched $6")
	d.wants("searching", "matched $5")
}

func TestTextNeverReachesAnotherChat(t *testing.T) {
	p := newParty(t)
	a, b, c := p.old(), p.old(), p.old()
	p.couple(a, b)
	c.search()
	a.search()
	a.pong() // a is with c now, and b was not told yet
	b.say("meant for a")
	b.say("this as well")
	b.settles()
	a.end()
	c.settles()
	b.wants("partner_disconnected", "matched $6")
	c.wants("searching", "matched $4", "partner_disconnected", "matched $5")

	// A resumable client names its chat, so it needs no such pause.
	x, y, z := p.resumable(), p.resumable(), p.resumable()
	p.couple(x, y)
	former := y.partner
	z.search()
	x.end()
	y.wants("partner_disconnected", "matched "+string(y.partner))
	y.do(chat.Command{Op: chat.Send, N: 1, Text: "meant for x", Partner: former})
	y.do(chat.Command{Op: chat.Ack, Got: 1, Partner: former})
	y.do(chat.Command{Op: chat.Search, Partner: former})
	z.wants("searching", "matched "+string(z.partner))
	y.is(chat.Paired)
}

func TestNoInstantRematch(t *testing.T) {
	p := newParty(t)
	a, b := p.old(), p.old()
	p.couple(a, b)
	a.search()
	a.pong()
	b.pong()
	a.wants("searching")
	b.wants("partner_disconnected")
	b.search()
	b.wants("searching")
	a.wait(10*time.Second - time.Millisecond)
	a.wants()
	a.wait(time.Millisecond)
	a.wants("matched $3")
	b.wants("matched $4")
}

func TestPartnerDisconnectedHasPlace(t *testing.T) {
	for name, leave := range map[string]func(*person){
		"next":  (*person).search,
		"end":   (*person).end,
		"close": (*person).drop,
	} {
		t.Run(name, func(t *testing.T) {
			p := newParty(t)
			a, b, c := p.old(), p.resumable(), p.old()
			p.couple(a, b)
			leave(a)
			b.wants("partner_disconnected")
			if row := p.Disk.Rows[b.record().ID]; row.State() != chat.Waiting {
				t.Fatalf("the row on disk is %s", row.State())
			}
			c.search()
			b.wants("matched " + string(b.partner))
		})
	}
}

func TestMatchedPersonIsNotQueued(t *testing.T) {
	p := newParty(t)
	a, b, c := p.old(), p.old(), p.old()
	p.couple(a, b)
	for _, one := range []*person{a, b} {
		if r := p.Disk.Rows[one.record().ID]; r.Place != 0 || r.QueuedAt != 0 || r.Pair == 0 {
			t.Errorf("the row on disk has place %d and pair %d", r.Place, r.Pair)
		}
	}
	c.search()
	c.wants("searching")
	a.wants()
	b.wants()
}

func TestTypingIndicatorDoesNotStick(t *testing.T) {
	for name, leave := range map[string]func(*person){
		"next":  (*person).search,
		"end":   (*person).end,
		"close": (*person).drop,
	} {
		t.Run(name, func(t *testing.T) {
			p := newParty(t)
			a, b := p.old(), p.old()
			p.couple(a, b)
			a.typing(true)
			leave(a)
			b.wants("typing_start", "typing_stop", "partner_disconnected")
		})
	}
	t.Run("not shown", func(t *testing.T) {
		p := newParty(t)
		a, b := p.old(), p.old()
		p.couple(a, b)
		a.typing(true)
		a.typing(false)
		a.end()
		b.wants("typing_start", "typing_stop", "partner_disconnected")
	})
}

func TestTwoAbandonedAreMatched(t *testing.T) {
	p := newParty(t)
	a, b, c, d := p.old(), p.old(), p.old(), p.old()
	p.couple(a, b)
	p.couple(c, d)
	a.drop()
	c.drop()
	b.pong()
	d.pong()
	b.wants("partner_disconnected", "matched $6")
	d.wants("partner_disconnected", "matched $5")
}
