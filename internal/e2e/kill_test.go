package e2e

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/testbed"
)

// testKillAndResume kills the server twice per round: once while one client waits, and once while others search and
// press Next. Everything that clients were told before must still be true afterwards.
func testKillAndResume(t *testing.T, s *testbed.Site) {
	s.Flags = append(s.Flags, crowdFlags...)
	server, _ := s.Start()
	couples := make([]couple, 3)
	for i := range couples {
		a, b := s.Join(fmt.Sprintf("a%d", i), client.Options{}), s.Join(fmt.Sprintf("b%d", i), client.Options{})
		testbed.Meet(a, b)
		testbed.Talk(a, b)
		couples[i] = couple{a, b}
	}
	rounds := testbed.InSoak(100, 10)
	var slowest int64
	restart := func(all []couple) {
		for _, c := range all {
			c.chatter()
		}
		server.Kill()
		for _, c := range all {
			c.lose()
		}
		var ready testbed.Line
		server, ready = s.Start()
		slowest = max(slowest, ready.ReadyMs)
	}
	for round := range rounds {
		waiter := s.Join(fmt.Sprintf("waiter%d", round), client.Options{})
		waiter.Search()
		restart(couples)
		waiter.Drain(nil)
		comeBack(t, couples)
		comesBackWaiting(waiter)

		newcomer := s.Join(fmt.Sprintf("newcomer%d", round), client.Options{Legacy: round%2 == 1})
		newcomer.Search()
		newcomer.Matched()
		waiter.Matched()
		testbed.Talk(waiter, newcomer)
		all := couples
		if newcomer.Old { // whose chat would end with the server
			waiter.Leave()
			newcomer.Leave()
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
		if !newcomer.Old {
			waiter.Leave()
			newcomer.Leave()
		}
	}
	if code, _ := server.Terminate(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
	s.Asks(`SELECT count(*), count(stopped) FROM v_boots`, fmt.Sprintf("%d|1", 2*rounds+1))
	s.Asks(`SELECT count(*) FROM v_pairs WHERE away = 'both' OR away = ''`, "3")
	s.Asks(`SELECT count(*) FROM v_queue`, "0")
	s.Asks(`PRAGMA integrity_check`, "ok")
	t.Logf("%d kills; ready after %d ms at most", 2*rounds, slowest)
}

// couple is two resumable persons that stay in one chat.
type couple [2]*testbed.Person

// chatter leaves off in the middle of the chat: some messages are confirmed, some received, some in transit.
func (c couple) chatter() {
	for i, p := range c {
		q := c[1-i]
		p.Say()
		q.Hear(p)
		q.Check(q.Ack())
		for range 3 {
			p.Say()
		}
	}
}

// lose reads what had still arrived when the server was killed.
func (c couple) lose() {
	for i, p := range c {
		if end := p.Drain(c[1-i]); end.Code != client.CloseLost {
			p.TB.Errorf("%s: the server was killed, but the socket ended with %v", p.Name, end)
		}
	}
}

// blinks loses one socket but not the server: messages that are sent again are not received again.
func (c couple) blinks() {
	a, b := c[0], c[1]
	a.Say()
	a.Say()
	b.Hear(a) // without confirming it
	a.Drop()
	b.Await("partner_away")
	comesBackMatched(a, "here")
	b.Await("partner_back")
	a.Check(a.Resend())
	b.Check(b.Resend())
	testbed.Talk(a, b)
}

// comeBack resumes couples, the sides in any order, and checks that each is back where it was.
func comeBack(tb testing.TB, couples []couple) {
	tb.Helper()
	for _, c := range couples {
		first := rand.N(2)
		a, b := c[first], c[1-first]
		comesBackMatched(a, "away")
		a.Expect("partner_away")
		comesBackMatched(b, "here")
		a.Expect("partner_back")
	}
	for _, c := range couples {
		for _, p := range c {
			p.Check(p.Resend())
		}
		testbed.Talk(c[0], c[1])
	}
}

// comesBackMatched resumes a session whose chat must be the one it knows.
func comesBackMatched(p *testbed.Person, partner string) {
	p.TB.Helper()
	was := p.State().Partner
	p.Dial(p.Resume())
	m := p.Greet()
	if m.Type != "resumed" || m.State != "matched" || m.PartnerID != was || m.Partner != partner || m.Gap {
		p.TB.Fatalf("%s: was matched with %s, but resumed to %+v", p.Name, was, m)
	}
}

// comesBackWaiting resumes a session that must still have its place and has no chat to name.
func comesBackWaiting(p *testbed.Person) {
	p.TB.Helper()
	p.Dial(p.Resume())
	if m := p.Greet(); m.Type != "resumed" || m.State != "searching" || m.PartnerID != "" {
		p.TB.Fatalf("%s: was waiting, but resumed to %+v", p.Name, m)
	}
}
