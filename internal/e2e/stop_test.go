package e2e

import (
	"strconv"
	"strings"
	"testing"

	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/protocol"
	"chatme/internal/testbed"
)

// testStopUnderLoad stops a busy server with SIGTERM: the shutdown is in time and in order, and every client is told.
func testStopUnderLoad(t *testing.T, s *testbed.Site) {
	s.Flags = append(s.Flags, crowdFlags...)
	server, _ := s.Start()
	stays := couple{s.Join("a", client.Options{}), s.Join("b", client.Options{})}
	testbed.Meet(stays[0], stays[1])

	// Two clients type, and the indicator shows: at a legacy client and at a resumable one.
	var types, sees [2]*testbed.Person
	for i := range types {
		types[i] = s.Join("types"+strconv.Itoa(i), client.Options{Legacy: i == 1})
		sees[i] = s.Join("sees"+strconv.Itoa(i), client.Options{Legacy: i == 0})
		testbed.Meet(types[i], sees[i])
		types[i].Check(types[i].Typing(true))
		sees[i].Expect("typing_start")
	}
	silent, err := client.Dial(testbed.Step(t), "ws://"+s.Addr, client.Options{NoAuth: true})
	if err != nil {
		t.Fatal(err)
	}
	flood := newFlood(s, 2)
	crowd := newCrowd(s, 0)
	crowd.churn(20)

	// A second server on this database gives up at once, and does not disturb the first.
	second := s.Command("serve", "--addr", "127.0.0.1:0", "--db", s.DB)
	if said := s.Fails(exit.AlreadyRunning, second); !strings.Contains(said, "another server") {
		t.Errorf("the second server printed %q", said)
	}
	testbed.Talk(stays[0], stays[1])

	code, took := server.Terminate()
	if code != exit.OK || took > server.Stops {
		t.Errorf("SIGTERM: exit code %d after %v", code, took)
	}
	t.Logf("stopped after %v", took)
	crowd.wait()
	flood.wait()
	for _, p := range sees {
		p.Expect("typing_stop")
		if p.Old { // its transcript would stay on the screen above the next stranger's
			p.Expect("chat_ended")
		}
		if m, err := p.Recv(testbed.Step(t)); err == nil {
			t.Errorf("%s: %s before the close", p.Name, client.Describe(&m))
		}
	}
	<-silent.Done()
	ends := map[string]*client.CloseError{"silent": silent.CloseErr()}
	for _, p := range append(append(append(flood.people, stays[:]...), types[:]...), sees[:]...) {
		ends[p.Name] = p.Drain(nil)
	}
	for _, m := range crowd.members {
		ends[m.Name] = m.Drain(nil)
	}
	for name, end := range ends {
		if end.Code != protocol.CloseRestart {
			t.Errorf("%s: %v, want 1012", name, end)
		}
	}

	s.Asks(`SELECT boot, stopped >= started, reason FROM v_boots`, "1|1|signal")
	_, ready := s.Start()
	// Of the pairs named here; which members of the crowd were between two chats is not known.
	if ready.Restored < len(stays)+len(types)+len(sees)+len(flood.people) {
		t.Errorf("%d restored", ready.Restored)
	}
	comesBackMatched(stays[0], "away")
	stays[0].Expect("partner_away")
	comesBackMatched(stays[1], "here")
	stays[0].Expect("partner_back")
	stays[0].Check(stays[0].Resend())
	stays[1].Check(stays[1].Resend())
	testbed.Talk(stays[0], stays[1])
	comesBackAlone(sees[1]) // a legacy client typed
}
