package main

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"chatme/internal/client"
)

// testKillAndResume kills the server twice a round: once while one person waits, and once while others search and
// press Next. What anybody was told before must hold after.
func testKillAndResume(t *testing.T, s *site) {
	server, _ := s.start()
	couples := make([]couple, 3)
	for i := range couples {
		a, b := s.join(fmt.Sprintf("a%d", i), client.Options{}), s.join(fmt.Sprintf("b%d", i), client.Options{})
		meet(a, b)
		talk(a, b)
		couples[i] = couple{a, b}
	}
	rounds := inSoak(100, 10)
	var slowest int64
	restart := func(all []couple) {
		for _, c := range all {
			c.chatter()
		}
		server.kill()
		for _, c := range all {
			c.lose()
		}
		var ready line
		server, ready = s.start()
		slowest = max(slowest, ready.ReadyMs)
	}
	for round := range rounds {
		waiter := s.join(fmt.Sprintf("waiter%d", round), client.Options{})
		waiter.search()
		restart(couples)
		waiter.drain(nil)
		comeBack(t, couples)
		comesBackWaiting(waiter)

		newcomer := s.join(fmt.Sprintf("newcomer%d", round), client.Options{Old: round%2 == 1})
		newcomer.search()
		newcomer.matched()
		waiter.matched()
		talk(waiter, newcomer)
		all := couples
		if newcomer.old { // whose chat would end with the server
			waiter.leave()
			newcomer.leave()
		} else {
			all = append(couples[:len(couples):len(couples)], couple{waiter, newcomer})
		}

		all[round%len(all)].blinks()

		crowd := newCrowd(s, round)
		crowd.churn(16 + rand.N(8))
		restart(all)
		crowd.wait()
		comeBack(t, all)
		crowd.comesBack()
		crowd.leaves()
		if !newcomer.old {
			waiter.leave()
			newcomer.leave()
		}
	}
	if code, _ := server.terminate(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	s.asks(`SELECT count(*), count(stopped) FROM v_boots`, fmt.Sprintf("%d|1", 2*rounds+1))
	s.asks(`SELECT count(*) FROM v_pairs WHERE away = 'both' OR away = ''`, "3")
	s.asks(`SELECT count(*) FROM v_queue`, "0")
	s.asks(`PRAGMA integrity_check`, "ok")
	t.Logf("%d kills; ready after %d ms at most", 2*rounds, slowest)
}

// couple is two resumable persons in one chat, to the end.
type couple [2]*person

// chatter leaves the chat in the middle: some messages confirmed, some received, some under way.
func (c couple) chatter() {
	for i, p := range c {
		q := c[1-i]
		p.say()
		q.hear(p)
		q.check(q.Ack())
		for range 3 {
			p.say()
		}
	}
}

// lose takes what had still arrived when the server was killed.
func (c couple) lose() {
	for i, p := range c {
		if end := p.drain(c[1-i]); end.Code != client.CloseLost {
			p.tb.Errorf("%s: the server is killed, and the socket ends with %v", p.name, end)
		}
	}
}

// blinks loses one socket and no server: what is sent again is not heard again.
func (c couple) blinks() {
	a, b := c[0], c[1]
	a.say()
	a.say()
	b.hear(a) // and does not say so
	a.Drop()
	b.await("partner_away")
	comesBackMatched(a, "here")
	b.await("partner_back")
	a.check(a.Resend())
	b.check(b.Resend())
	talk(a, b)
}

// comeBack resumes couples, the sides in any order, and shows that each is where it was.
func comeBack(tb testing.TB, couples []couple) {
	tb.Helper()
	for _, c := range couples {
		first := rand.N(2)
		a, b := c[first], c[1-first]
		comesBackMatched(a, "away")
		a.expect("partner_away")
		comesBackMatched(b, "here")
		a.expect("partner_back")
	}
	for _, c := range couples {
		for _, p := range c {
			p.check(p.Resend())
		}
		talk(c[0], c[1])
	}
}

// comesBackMatched resumes a session whose chat must be the one it knows.
func comesBackMatched(p *person, partner string) {
	p.tb.Helper()
	was := p.State().Partner
	p.dial(p.Resume())
	m := p.greet()
	if m.Type != "resumed" || m.State != "matched" || m.PartnerID != was || m.Partner != partner || m.Gap {
		p.tb.Fatalf("%s: was matched with %s, comes back to %+v", p.name, was, m)
	}
}

// comesBackWaiting resumes a session that must still have its place, and has no chat to name.
func comesBackWaiting(p *person) {
	p.tb.Helper()
	p.dial(p.Resume())
	if m := p.greet(); m.Type != "resumed" || m.State != "searching" || m.PartnerID != "" {
		p.tb.Fatalf("%s: was waiting, comes back to %+v", p.name, m)
	}
}
