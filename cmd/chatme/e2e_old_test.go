package main

import (
	"fmt"
	"testing"

	"chatme/internal/client"
)

// testKillAndComeBackAsNew kills a server of old clients, who cannot resume: they come back as new, and nobody who
// had one of them for a partner is left hanging.
func testKillAndComeBackAsNew(t *testing.T, s *site) {
	server, _ := s.start()
	for round := range inSoak(100, 10) {
		old := func(name string) *person {
			return s.join(fmt.Sprintf("%s.%d", name, round), client.Options{Old: true})
		}
		var olds [5]*person // 0 and 1 a pair, 2 and 3 with a resumable partner each, 4 waiting
		for i := range olds {
			olds[i] = old(fmt.Sprintf("old%d", i))
		}
		early := s.join(fmt.Sprintf("early.%d", round), client.Options{})
		late := s.join(fmt.Sprintf("late.%d", round), client.Options{})
		meet(olds[0], olds[1])
		meet(early, olds[2])
		meet(olds[3], late)
		talk(olds[0], olds[1])
		talk(early, olds[2])
		talk(olds[3], late)
		olds[4].search()
		// Typing was shown, and the one who sees it is told nothing more by this server.
		olds[2].check(olds[2].Typing(true))
		early.expect("typing_start")

		server.kill()
		for _, p := range append(olds[:], early, late) {
			if end := p.drain(nil); end.Code != client.CloseLost {
				t.Errorf("%s: the server is killed, and the socket ends with %v", p.name, end)
			}
		}
		server, _ = s.start()
		comesBackAlone(early) // so what the start changed is committed
		s.asks(`SELECT count(*) FROM v_sessions WHERE kind = 'old'`, "0")
		s.asks(`SELECT count(*) FROM v_pairs`, "0")
		for i := range olds {
			olds[i] = old(fmt.Sprintf("again%d", i))
			olds[i].search() // one after the other, or nobody could say who came first
		}
		// First come, first served: who resumed first, then the old clients in the order of their searches.
		order := []*person{early, olds[0], olds[1], olds[2], olds[3], olds[4], late}
		for _, p := range order[:6] {
			p.matched()
		}
		comesBackAlone(late)
		newcomer := old("newcomer")
		newcomer.search()
		order = append(order, newcomer)
		late.matched()
		newcomer.matched()
		for i := 0; i < len(order); i += 2 {
			talk(order[i], order[i+1])
		}
		for _, p := range order {
			p.leave()
		}
	}
	server.kill()
}

// comesBackAlone resumes a session whose partner cannot come back: it must be told, and be in the queue.
func comesBackAlone(p *person) {
	p.tb.Helper()
	was := p.State().Partner
	p.dial(p.Resume())
	if m := p.greet(); m.Type != "resumed" || m.State != "ended" || m.PartnerID != was {
		p.tb.Fatalf("%s: its partner %s is gone, and it comes back to %s", p.name, was, client.Describe(&m))
	}
	p.expect("partner_disconnected", "searching")
}
