package main

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"time"

	"chatme/internal/client"
	"chatme/internal/pace"
)

// standsStill stops the process of a server for so long (SIGSTOP), as a paused machine is; meanwhile is called while it stands.
func standsStill(p *process, d time.Duration, meanwhile func()) {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		p.tb.Fatal(err)
	}
	meanwhile()
	select {
	case <-time.After(d):
	case <-p.tb.Context().Done():
	}
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		p.tb.Fatal(err)
	}
}

// testSettleAcrossAStop: the server stands still with words of a legacy client unread, which were meant for the partner who
// has just gone. They reach no one, however long it stood.
func testSettleAcrossAStop(t *testing.T, s *site) {
	s.env = append(s.env, "CHATME_SETTLE_TIMEOUT=500ms")
	server, _ := s.start()
	for round := range 5 { // what is read first as it goes on is chance
		left := make(chan struct{}) // closed once a has been sent that b is gone, and before it takes that
		a, b := &person{tb: t, site: s, name: "a", old: true}, s.join("b", oldOptions)
		a.dial(client.Options{APIKey: s.key, Old: true, Tap: func(frame []byte) {
			if bytes.Contains(frame, []byte("partner_disconnected")) {
				close(left)
			}
		}})
		a.greet()
		meet(a, b)
		stranger := s.join("stranger", client.Options{})
		stranger.search()
		b.leave()
		<-left
		standsStill(server, time.Second, func() {
			for range 20 {
				_, err := a.Send("for b")
				a.check(err)
			}
			a.await("partner_disconnected") // and the answer to the ping behind it is on its way
		})
		stranger.matched()
		a.matched()
		a.say()
		if m := stranger.await("message"); m.Text != "a says 1" {
			t.Errorf("round %d: the stranger gets %q", round, m.Text)
		}
		a.leave()
		stranger.await("partner_disconnected")
		stranger.leave()
	}
}

// testStopReapsNoClient: a server that stands still for longer than its windows and deadlines takes no client for silent
// and no window for over.
func testStopReapsNoClient(t *testing.T, s *site) {
	deadline, window := pace.Waited(3*time.Second), pace.Waited(4*time.Second)
	for name, length := range map[string]time.Duration{
		"DEAD_AFTER": deadline, "DEAD_AFTER_OLD": deadline, "PROGRESS_TIMEOUT": deadline, "AUTH_TIMEOUT": deadline, "PING_INTERVAL": deadline / 6,
		"CHAT_WINDOW": window, "QUEUE_WINDOW": window,
	} {
		s.env = append(s.env, fmt.Sprintf("CHATME_%s=%v", name, length.Round(time.Millisecond)))
	}
	server, _ := s.start()
	pairs := [][2]*person{
		{s.join("a", client.Options{}), s.join("b", client.Options{})},
		{s.join("c", oldOptions), s.join("d", oldOptions)},
		{s.join("e", client.Options{}), s.join("f", client.Options{})},
	}
	for _, pair := range pairs {
		meet(pair[0], pair[1])
	}
	unread := &person{tb: t, site: s, name: "unread"}
	unread.dial(client.Options{NoAuth: true})
	// They read, so that they answer pings; what they hear is looked at later.
	away, partner := pairs[2][0], pairs[2][1]
	away.Drop()
	partner.await("partner_away")
	standsStill(server, window*3/2, func() {
		for _, pair := range pairs[:2] {
			pair[0].check(pair[0].Ping())
			pair[0].say()
		}
	})
	o := away.Client.Resume()
	o.APIKey = s.key
	away.dial(o)
	if m := away.greet(); m.Type != "resumed" || m.State != "matched" {
		t.Errorf("the client that was away is told %s, want that its chat goes on", client.Describe(&m))
	}
	partner.await("partner_back")
	for _, pair := range pairs[:2] {
		pair[1].hear(pair[0])
		talk(pair[0], pair[1])
	}
	unread.check(unread.Ping()) // a frame before auth: it is refused for that, and was not for its silence
	unread.await("auth_error")
}

// testSilentWaiter: a client whose network has vanished while it waits takes no newcomer.
func testSilentWaiter(t *testing.T, s *site) {
	s.start()
	vanished := s.join("vanished", client.Options{})
	vanished.search()
	vanished.Vanish()
	select {
	case <-time.After(13 * time.Second):
	case <-t.Context().Done():
	}
	a, b := s.join("a", client.Options{}), s.join("b", client.Options{})
	a.search()
	b.search()
	a.matched()
	b.matched()
	talk(a, b)
}
