package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"chatme/internal/admin"
	"chatme/internal/cli"
	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/testbed"
	"chatme/internal/testbed/inside"
)

// asks runs a command against s and returns what it printed.
func asks(s *inside.Served, code int, args ...string) (stdout, stderr string) {
	s.TB.Helper()
	var out, errs testbed.Record
	if got := cli.Run(s.TB.Context(), &Commands{}, append(args, "--db", s.DB), nil, &out, &errs); got != code {
		s.TB.Errorf("%q: exit code %d, want %d; it said:\n%s", args, got, code, &errs)
	}
	return out.String(), errs.String()
}

// asksJSON is asks with --json, decoded into answer.
func asksJSON(s *inside.Served, answer any, args ...string) {
	s.TB.Helper()
	out, _ := asks(s, exit.OK, append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), answer); err != nil {
		s.TB.Fatalf("%q: %v: %s", args, err, out)
	}
}

const operatorKey = "a-key-for-this-test"

// arrive connects a client that searches.
func arrive(s *inside.Served, old bool) *client.Client {
	s.TB.Helper()
	c, err := s.Dial(operatorKey, old)
	if err == nil {
		err = c.Search()
	}
	if err == nil {
		_, err = c.Expect(testbed.Step(s.TB), "searching")
	}
	if err != nil {
		s.TB.Fatal(err)
	}
	return c
}

func await(s *inside.Served, c *client.Client, types ...string) {
	s.TB.Helper()
	for _, each := range types {
		if _, err := c.Await(testbed.Step(s.TB), each); err != nil {
			s.TB.Fatal(err)
		}
	}
}

// TestOperator lists sessions and kicks some: in a chat, in the queue, hibernating, and by an invalid name.
func TestOperator(t *testing.T) {
	s := inside.StartServed(t, []string{"WEB_API_KEY=" + operatorKey})
	a := arrive(s, false)
	b := arrive(s, true)
	await(s, a, "matched")
	await(s, b, "matched")
	c := arrive(s, false)
	if _, err := s.Dial(operatorKey, true); err != nil { // has not searched
		t.Fatal(err)
	}

	var sessions admin.SessionsAnswer
	asksJSON(s, &sessions, "sessions")
	if sessions.Total != 3 || len(sessions.Sessions) != 3 || sessions.Unlisted != 1 {
		t.Errorf("%+v, want three sessions and one that is not listed", sessions)
	}
	out, _ := asks(s, exit.OK, "sessions", "--limit", "2")
	if want := regexp.MustCompile(`(?m)^SESSION +STATE +CLIENT +SOCKET.*\n(s_\w{8} .*\n){2}… and 1 more; --limit 0 lists them\n1 session is connected and not searching yet$`); !want.MatchString(out) {
		t.Errorf("the table:\n%s", out)
	}
	out, _ = asks(s, exit.OK, "sessions", "--state", "paired")
	if strings.Count(out, " paired ") != 2 || strings.Contains(out, " waiting ") {
		t.Errorf("paired sessions:\n%s", out)
	}
	var queue admin.QueueAnswer
	asksJSON(s, &queue, "queue")
	if queue.Total != 1 || queue.Queue[0].Here != "here" || queue.Queue[0].Kind != "resumable" {
		t.Errorf("the queue is %+v", queue)
	}
	var pairs admin.PairsAnswer
	asksJSON(s, &pairs, "pairs")
	if pairs.Total != 1 || len(pairs.Pairs) != 1 || pairs.Pairs[0].Away != "" {
		t.Fatalf("the chats are %+v", pairs)
	}
	for args, want := range map[string]string{
		"queue": `(?m)^PLACE +SESSION +CLIENT +SOCKET +WAITING +SINCE\n1 +s_\w{8} +resumable +here +\S+ +\S+Z$`,
		"pairs": `(?m)^CHAT +FIRST +SECOND +AWAY +SINCE\n1-1 +s_\w{8} +s_\w{8} +- +\S+Z$`,
	} {
		if out, _ := asks(s, exit.OK, args); !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("%s:\n%s", args, out)
		}
	}

	// In a chat: the partner is told and queued.
	out, _ = asks(s, exit.OK, "kick", pairs.Pairs[0].First)
	if want := "kicked " + pairs.Pairs[0].First + ": it was in a chat; its partner is back in the queue\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
	wantKicked(s, a)
	await(s, b, "partner_disconnected", "matched") // with c
	again, err := client.Dial(testbed.Step(t), "ws://"+s.Addr, a.Resume())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Drop()
	if _, err := again.Await(testbed.Step(t), "resume_failed"); err != nil {
		t.Error(err)
	}
	_, said := asks(s, exit.Failure, "kick", pairs.Pairs[0].First)
	if !strings.Contains(said, "no session "+pairs.Pairs[0].First+": it has ended") {
		t.Errorf("a session that has ended: %s", said)
	}
	_, said = asks(s, exit.Failure, "kick", "s_")
	if !strings.Contains(said, "is not a session name") {
		t.Errorf("no name: %s", said)
	}

	// A session without a socket is ended too, and its partner told.
	await(s, c, "matched")
	c.Drop()
	s.Logged("connection ended", 2)
	var answer admin.KickAnswer
	testbed.Eventually(t, "the session is away", func() bool {
		asksJSON(s, &pairs, "pairs")
		return pairs.Pairs[0].Away != ""
	})
	gone := map[string]string{"first": pairs.Pairs[0].First, "second": pairs.Pairs[0].Second}[pairs.Pairs[0].Away]
	asksJSON(s, &answer, "kick", gone)
	if want := (admin.KickAnswer{Session: gone, State: "paired"}); answer != want {
		t.Errorf("%+v, want %+v", answer, want)
	}
	await(s, b, "partner_disconnected")

	// Without a server.
	s.Stop()
	s.WaitEnded()
	for _, args := range [][]string{{"tail"}, {"sessions"}, {"queue"}, {"pairs"}, {"kick", "s_1a2b3c4d"}, {"reload"}} {
		_, said := asks(s, exit.Failure, args...)
		if !strings.Contains(said, "no server at "+s.DB+".sock: there is no such socket; is it running? name its database with --db") {
			t.Errorf("%q without a server: %s", args, said)
		}
	}
}

// TestKickAmbiguous: a prefix that several sessions share is refused.
func TestKickAmbiguous(t *testing.T) {
	s := inside.StartServed(t, []string{"WEB_API_KEY=" + operatorKey})
	for range 17 { // so that two names begin with the same digit
		arrive(s, false)
	}
	var sessions admin.SessionsAnswer
	asksJSON(s, &sessions, "sessions")
	digits := map[string]int{}
	for _, each := range sessions.Sessions {
		digits[each.Session[:3]]++
	}
	for prefix, n := range digits {
		if n > 1 {
			if _, said := asks(s, exit.Failure, "kick", prefix); !strings.Contains(said, "several sessions match "+prefix+": s_") {
				t.Errorf("an ambiguous name: %s", said)
			}
			return
		}
	}
	t.Error("no two names begin with the same digit")
}

// wantKicked checks that c is closed for good.
func wantKicked(s *inside.Served, c *client.Client) {
	s.TB.Helper()
	select {
	case <-c.Done():
		if err := c.CloseErr(); err.Code != 4410 {
			s.TB.Errorf("closed with %v, want 4410", err)
		}
	case <-testbed.Step(s.TB).Done():
		s.TB.Error("the socket of a session that was kicked stays open")
	}
}

// TestKickHibernated ends a session that is only on disk.
func TestKickHibernated(t *testing.T) {
	s := inside.StartServed(t, []string{"WEB_API_KEY=" + operatorKey, "CHATME_QUEUE_WINDOW=50ms"})
	c := arrive(s, false)
	var sessions admin.SessionsAnswer
	c.Drop()
	testbed.Eventually(t, "it rests", func() bool {
		asksJSON(s, &sessions, "sessions")
		return sessions.Sessions[0].Here == "away" && sessions.Sessions[0].State == "idle"
	})
	out, _ := asks(s, exit.OK, "kick", sessions.Sessions[0].Session)
	if want := "kicked " + sessions.Sessions[0].Session + ": it was not in a chat, and away\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
	asksJSON(s, &sessions, "sessions", "--state", "ended")
	testbed.Eventually(t, "the row says so", func() bool {
		asksJSON(s, &sessions, "sessions", "--state", "ended")
		return sessions.Total == 1
	})
	again, err := client.Dial(testbed.Step(t), "ws://"+s.Addr, c.Resume())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Drop()
	if m, err := again.Await(testbed.Step(t), "resume_failed"); err != nil || m.Code != "ended" {
		t.Errorf("%+v, %v; want ended", m, err)
	}
}
