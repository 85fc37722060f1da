package e2e

import (
	"fmt"
	"testing"

	"chatme/internal/client"
	"chatme/internal/testbed"
)

// testKillAndComeBackAsNew kills a server of old clients, who cannot resume: they come back as new, and nobody who
// had one of them for a partner is left hanging.
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
		// Typing was shown, and the one who sees it is told nothing more by this server.
		olds[2].Check(olds[2].Typing(true))
		early.Expect("typing_start")

		server.Kill()
		for _, p := range append(olds[:], early, late) {
			if end := p.Drain(nil); end.Code != client.CloseLost {
				t.Errorf("%s: the server is killed, and the socket ends with %v", p.Name, end)
			}
		}
		server, _ = s.Start()
		comesBackAlone(early) // so what the start changed is committed
		s.Asks(`SELECT count(*) FROM v_sessions WHERE kind = 'old'`, "0")
		s.Asks(`SELECT count(*) FROM v_pairs`, "0")
		for i := range olds {
			olds[i] = old(fmt.Sprintf("again%d", i))
			olds[i].Search() // one after the other, or nobody could say who came first
		}
		// First come, first served: who resumed first, then the old clients in the order of their searches.
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

// comesBackAlone resumes a session whose partner cannot come back: it must be told, and be in the queue.
func comesBackAlone(p *testbed.Person) {
	p.TB.Helper()
	was := p.State().Partner
	p.Dial(p.Resume())
	if m := p.Greet(); m.Type != "resumed" || m.State != "ended" || m.PartnerID != was {
		p.TB.Fatalf("%s: its partner %s is gone, and it comes back to %s", p.Name, was, client.Describe(&m))
	}
	p.Expect("partner_disconnected", "searching")
}
