package chat_test

import (
	"testing"
	"time"

	"chatme/internal/chat"
)

// Fixed defects of this lobby.

// A half-open socket: the client reconnects before the server has noticed that the old socket was dead.
func TestMessageInFlightToReplacedSocketIsSentAgain(t *testing.T) {
	p := newParty(t)
	a, b := p.resumable(), p.resumable()
	p.couple(a, b)
	a.number(1, "arrives")
	a.number(2, "lost with the socket")
	b.resume(1, 0)
	b.wants("message $1 \"arrives\" n=1 at +0s", "message $1 \"lost with the socket\" n=2 at +0s",
		"resumed matched $1 here recv=0 delivered=0 last=0 replay=1 after 0s",
		"message $1 \"lost with the socket\" n=2 at +0s")
	a.wants("ack recv=1 delivered=1", "ack recv=2 delivered=1")
}

// A legacy sender cannot send its messages again.
func TestOldSendersMessageToReplacedSocketIsSentAgain(t *testing.T) {
	p := newParty(t)
	a, b := p.old(), p.resumable()
	p.couple(a, b)
	a.say("lost with the socket")
	b.heard = nil
	b.resume(0, 0)
	b.wants("resumed matched $1 here recv=0 delivered=0 last=0 replay=1 after 0s",
		"message $1 \"lost with the socket\" n=1 at +0s")
}

func TestTypingStopsWithReplacedSocket(t *testing.T) {
	p := newParty(t)
	a, b := p.resumable(), p.old()
	p.couple(a, b)
	a.typing(true)
	a.resume(0, 0)
	b.wants("typing_start", "typing_stop")
}

func TestTypingShownWhileAwayStopsOnReturn(t *testing.T) {
	p := newParty(t)
	a, b := p.resumable(), p.resumable()
	p.couple(a, b)
	b.typing(true)
	a.drop()
	b.end()
	a.wants("typing_start")
	a.resume(0, 0)
	a.wants("resumed ended $2 after 0s", "typing_stop", "partner_disconnected", "searching")
}

// got = min(max(got, claim), last) at all times, also when the sender's own report raises last.
func TestDeliveredCountsClaimMadeBeforeSenderResumed(t *testing.T) {
	p := newParty(t)
	a, b := p.resumable(), p.resumable()
	p.couple(a, b)
	p.Kill(0)
	b.resume(10, 0)
	a.heard = nil
	a.resume(0, 10)
	a.wants("resumed matched $2 here recv=10 delivered=10 last=10 after 0s")
}

// A permanently refused number that the receiver has claimed is delivered, without a gap.
func TestRefusedNumberBelowClaimIsDelivered(t *testing.T) {
	p := newParty(t)
	a, b := p.resumable(), p.resumable()
	p.couple(a, b)
	p.Kill(0)
	b.resume(1, 0)
	a.resume(0, 0)
	a.heard, b.heard = nil, nil
	a.number(1, "")
	a.wants("ack recv=1 delivered=1")
	b.wants()
}

// Numbers that the sender's acked uses up are a gap for an attached receiver that does not have them.
func TestGapWhenAckedRaisesLast(t *testing.T) {
	p := newParty(t)
	a, b := p.resumable(), p.resumable()
	p.couple(a, b)
	p.Kill(0)
	b.resume(3, 0)
	b.heard = nil
	a.resume(0, 5)
	b.wants("partner_back", "gap 5")
	a.number(6, "six")
	b.wants("message $1 \"six\" n=6 at +0s")
}

// After one error gap there is silence until the expected number arrives, the sender resumes or is sent partner_back.
func TestGapIsToldAgain(t *testing.T) {
	for name, between := range map[string]func(a, b *person){
		"the sender resumed": func(a, _ *person) { a.partner = ""; a.resume(0, 0); a.partner = "$2" },
		"partner_back":       func(_, b *person) { b.drop(); b.wait(time.Second); b.resume(0, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newParty(t)
			a, b := p.resumable(), p.resumable()
			p.couple(a, b)
			a.number(3, "three")
			a.number(2, "two")
			a.wants("error gap n=3 expect=1")
			between(a, b)
			a.heard = nil
			a.number(3, "three")
			a.wants("error gap n=3 expect=1")
		})
	}
}

func TestGapIsToldAgainAfterExpectedNumberWasRefused(t *testing.T) {
	p := newParty(t)
	a, b := p.resumable(), p.resumable()
	p.couple(a, b)
	b.drop()
	b.wait(time.Second)
	for n := range uint64(3) { // the mailbox is full after this
		a.number(n+1, "held")
	}
	a.heard = nil
	a.number(5, "five")
	a.number(6, "six")
	a.number(4, "four")
	a.number(5, "five")
	a.wants("error gap n=5 expect=4", "error mailbox_full n=4", "error gap n=5 expect=4")
}

// The tick for a rematch is late: a session that arrives meanwhile does not overtake.
func TestLateRematchIsNotOvertaken(t *testing.T) {
	p := newParty(t)
	a, b, c := p.resumable(), p.resumable(), p.resumable()
	p.couple(a, b)
	a.search()
	p.Now = p.Now.Add(11 * time.Second)
	c.search()
	a.wants("searching", "matched $3")
	b.wants("partner_disconnected", "matched $4")
	c.wants("searching")
}

// After a restart all windows end at the same moment; sessions queued then are in a fixed order.
func TestWindowsThatEndTogetherEndInOrder(t *testing.T) {
	p := newParty(t)
	var all []*person
	for range 7 {
		a, b := p.resumable(), p.resumable()
		p.couple(a, b)
		all = append(all, a, b)
	}
	p.Kill(0)
	p.Advance(120 * time.Second)
	var last uint64
	for i, one := range all {
		r := one.record()
		if i%2 == 0 && r.ID != 0 {
			t.Fatalf("%d is still in memory", i)
		}
		if i%2 == 1 && (r.Place <= last || r.State() != chat.Waiting) {
			t.Fatalf("%d has place %d, behind %d", i, r.Place, last)
		}
		last = max(last, r.Place)
	}
}
