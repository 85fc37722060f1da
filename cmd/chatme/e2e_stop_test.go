package main

import (
	"strconv"
	"strings"
	"testing"

	"chatme/internal/client"
	"chatme/internal/protocol"
)

// testStopUnderLoad stops a busy server with SIGTERM: in time, in order, and everybody is told.
func testStopUnderLoad(t *testing.T, s *site) {
	server, _ := s.start()
	stays := couple{s.join("a", client.Options{}), s.join("b", client.Options{})}
	meet(stays[0], stays[1])

	// Somebody types, and the indicator shows: at an old client and at a resumable one.
	var types, sees [2]*person
	for i := range types {
		types[i] = s.join("types"+strconv.Itoa(i), client.Options{Old: i == 1})
		sees[i] = s.join("sees"+strconv.Itoa(i), client.Options{Old: i == 0})
		meet(types[i], sees[i])
		types[i].check(types[i].Typing(true))
		sees[i].expect("typing_start")
	}
	silent, err := client.Dial(step(t), "ws://"+s.addr, client.Options{NoAuth: true})
	if err != nil {
		t.Fatal(err)
	}
	flood := newFlood(s, 2)
	crowd := newCrowd(s, 0)
	crowd.churn(20)

	// A second server on this database gives up at once, and the first does not notice.
	second := s.command("serve", "--addr", "127.0.0.1:0", "--db", s.db)
	if said := s.fails(exitAlreadyRunning, second); !strings.Contains(said, "another server") {
		t.Errorf("the second server says %q", said)
	}
	talk(stays[0], stays[1])

	code, took := server.terminate()
	if code != exitOK || took > server.stops {
		t.Errorf("SIGTERM: exit code %d after %v", code, took)
	}
	t.Logf("stopped after %v", took)
	crowd.wait()
	flood.wait()
	for _, p := range sees {
		p.expect("typing_stop")
		if p.old { // its transcript would stay on the screen above the next stranger
			p.expect("chat_ended")
		}
		if m, err := p.Recv(step(t)); err == nil {
			t.Errorf("%s: %s before the close", p.name, client.Describe(&m))
		}
	}
	<-silent.Done()
	ends := map[string]*client.CloseError{"silent": silent.CloseErr()}
	for _, p := range append(append(append(flood.people, stays[:]...), types[:]...), sees[:]...) {
		ends[p.name] = p.drain(nil)
	}
	for _, m := range crowd.members {
		ends[m.name] = m.drain(nil)
	}
	for name, end := range ends {
		if end.Code != protocol.CloseRestart {
			t.Errorf("%s: %v, want 1012", name, end)
		}
	}

	s.asks(`SELECT boot, stopped >= started, reason FROM v_boots`, "1|1|signal")
	_, ready := s.start()
	// Of those named here; who of the crowd was between two chats, nobody knows.
	if ready.Restored < len(stays)+len(types)+len(sees)+len(flood.people) {
		t.Errorf("%d restored", ready.Restored)
	}
	comesBackMatched(stays[0], "away")
	stays[0].expect("partner_away")
	comesBackMatched(stays[1], "here")
	stays[0].expect("partner_back")
	stays[0].check(stays[0].Resend())
	stays[1].check(stays[1].Resend())
	talk(stays[0], stays[1])
	comesBackAlone(sees[1]) // an old client typed
}
