package e2e

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"time"

	"chatme/internal/client"
	"chatme/internal/pace"
	"chatme/internal/testbed"
)

// standsStill pauses the server process for d (SIGSTOP), as a paused machine does; meanwhile runs during the pause.
func standsStill(p *testbed.Process, d time.Duration, meanwhile func()) {
	p.TB.Helper()
	if err := p.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		p.TB.Fatal(err)
	}
	meanwhile()
	select {
	case <-time.After(d):
	case <-p.TB.Context().Done():
	}
	if err := p.Cmd.Process.Signal(syscall.SIGCONT); err != nil {
		p.TB.Fatal(err)
	}
}

// testSettleAcrossAStop: the server is paused before it reads a message from a legacy client to a partner that has just
// left. The message reaches no client, however long the pause was.
func testSettleAcrossAStop(t *testing.T, s *testbed.Site) {
	s.Env = append(s.Env, "CHATME_SETTLE_TIMEOUT=500ms")
	server, _ := s.Start()
	for round := range 5 { // what is read first afterwards is random
		left := make(chan struct{}) // closed once a has been sent that b left, and before a reads that
		a, b := &testbed.Person{TB: t, Site: s, Name: "a", Old: true}, s.Join("b", testbed.OldOptions)
		a.Dial(client.Options{APIKey: s.Key, Legacy: true, Tap: func(frame []byte) {
			if bytes.Contains(frame, []byte("partner_disconnected")) {
				close(left)
			}
		}})
		a.Greet()
		testbed.Meet(a, b)
		stranger := s.Join("stranger", client.Options{})
		stranger.Search()
		b.Leave()
		<-left
		standsStill(server, time.Second, func() {
			for range 20 {
				_, err := a.Send("for b")
				a.Check(err)
			}
			a.Await("partner_disconnected") // and the answer to the ping after it is in transit
		})
		stranger.Matched()
		a.Matched()
		a.Say()
		if m := stranger.Await("message"); m.Text != "a says 1" {
			t.Errorf("round %d: the stranger received %q", round, m.Text)
		}
		a.Leave()
		stranger.Await("partner_disconnected")
		stranger.Leave()
	}
}

// testStopReapsNoClient: a server that was paused for longer than its windows and timeouts treats no client as dead and
// no window as expired.
func testStopReapsNoClient(t *testing.T, s *testbed.Site) {
	deadline, window := pace.Waited(3*time.Second), pace.Waited(4*time.Second)
	for name, length := range map[string]time.Duration{
		"DEAD_AFTER": deadline, "DEAD_AFTER_OLD": deadline, "PROGRESS_TIMEOUT": deadline, "AUTH_TIMEOUT": deadline, "PING_INTERVAL": deadline / 6,
		"CHAT_WINDOW": window, "QUEUE_WINDOW": window,
	} {
		s.Env = append(s.Env, fmt.Sprintf("CHATME_%s=%v", name, length.Round(time.Millisecond)))
	}
	server, _ := s.Start()
	pairs := [][2]*testbed.Person{
		{s.Join("a", client.Options{}), s.Join("b", client.Options{})},
		{s.Join("c", testbed.OldOptions), s.Join("d", testbed.OldOptions)},
		{s.Join("e", client.Options{}), s.Join("f", client.Options{})},
	}
	for _, pair := range pairs {
		testbed.Meet(pair[0], pair[1])
	}
	unread := &testbed.Person{TB: t, Site: s, Name: "unread"}
	unread.Dial(client.Options{NoAuth: true})
	// They read, so that they answer pings; what they receive is checked later.
	away, partner := pairs[2][0], pairs[2][1]
	away.Drop()
	partner.Await("partner_away")
	standsStill(server, window*3/2, func() {
		for _, pair := range pairs[:2] {
			pair[0].Check(pair[0].Ping())
			pair[0].Say()
		}
	})
	o := away.Client.Resume()
	o.APIKey = s.Key
	away.Dial(o)
	if m := away.Greet(); m.Type != "resumed" || m.State != "matched" {
		t.Errorf("the client that was away was answered with %s, want its chat to continue", client.Describe(&m))
	}
	partner.Await("partner_back")
	for _, pair := range pairs[:2] {
		pair[1].Hear(pair[0])
		testbed.Talk(pair[0], pair[1])
	}
	unread.Check(unread.Ping()) // a frame before auth is refused for that reason; the silence was not a reason
	unread.Await("auth_error")
}

// testSilentWaiter: a waiting client whose network has vanished is not matched with a new client.
func testSilentWaiter(t *testing.T, s *testbed.Site) {
	s.Start()
	vanished := s.Join("vanished", client.Options{})
	vanished.Search()
	vanished.Vanish()
	select {
	case <-time.After(13 * time.Second):
	case <-t.Context().Done():
	}
	a, b := s.Join("a", client.Options{}), s.Join("b", client.Options{})
	a.Search()
	b.Search()
	a.Matched()
	b.Matched()
	testbed.Talk(a, b)
}
