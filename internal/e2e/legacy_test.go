package e2e

import (
	"fmt"
	"testing"

	"chatme/internal/client"
	"chatme/internal/testbed"
)

// testKillAndComeBackAsNew kills a server with legacy clients, which cannot resume: they reconnect as new clients, and
// no partner of theirs is left without an answer.
func testKillAndComeBackAsNew(t *testing.T, s *testbed.Site) {
	server, _ := s.Start()
	for round := range testbed.InSoak(100, 10) {
		old := func(name string) *testbed.Person {
			return s.Join(fmt.Sprintf("%s.%d", name, round), client.Options{Legacy: true})
		}
		var olds [5]*testbed.Person // 0 and 1 a pair, 2 and 3 with a resumable partner each, 4 waiting
		for i := range olds {
			olds[i] = old(fmt.Sprintf("old%d", i))
		}
		early := s.Join(fmt.Sprintf("early.%d", round), client.Options{})
		late := s.Join(fmt.Sprintf("late.%d", round), client.Options{})
		testbed.Meet(olds[0], olds[1])
		testbed.Meet(early, olds[2])
		testbed.Meet(olds[3], late)
		testbed.Talk(olds[0], olds[1])
		testbed.Talk(early, olds[2])
		testbed.Talk(olds[3], late)
		olds[4].Search()
		// The typing indicator was shown, and this server tells the client that sees it nothing more.
		olds[2].Check(olds[2].Typing(true))
		early.Expect("typing_start")

		server.Kill()
		for _, p := range append(olds[:], early, late) {
			if end := p.Drain(nil); end.Code != client.CloseLost {
				t.Errorf("%s: the server was killed, but the socket ended with %v", p.Name, end)
			}
		}
		server, _ = s.Start()
		comesBackAlone(early) // so the changes of the start are committed
		s.Asks(`SELECT count(*) FROM v_sessions WHERE kind = 'old'`, "0")
		s.Asks(`SELECT count(*) FROM v_pairs`, "0")
		for i := range olds {
			olds[i] = old(fmt.Sprintf("again%d", i))
			olds[i].Search() // one after the other, so that their order is known
		}
		// First come, first served: the client that resumed first, then the legacy clients in the order of their
		// searches.
		order := []*testbed.Person{early, olds[0], olds[1], olds[2], olds[3], olds[4], late}
		for _, p := range order[:6] {
			p.Matched()
		}
		comesBackAlone(late)
		newcomer := old("newcomer")
		newcomer.Search()
		order = append(order, newcomer)
		late.Matched()
		newcomer.Matched()
		for i := 0; i < len(order); i += 2 {
			testbed.Talk(order[i], order[i+1])
		}
		for _, p := range order {
			p.Leave()
		}
	}
	server.Kill()
}

// comesBackAlone resumes a session whose partner cannot resume: it must be told so, and be in the queue.
func comesBackAlone(p *testbed.Person) {
	p.TB.Helper()
	was := p.State().Partner
	p.Dial(p.Resume())
	if m := p.Greet(); m.Type != "resumed" || m.State != "ended" || m.PartnerID != was {
		p.TB.Fatalf("%s: its partner %s left, but it resumed to %s", p.Name, was, client.Describe(&m))
	}
	p.Expect("partner_disconnected", "searching")
}
