package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"chatme/internal/admin"
	"chatme/internal/cli"
	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/pace"
	"chatme/internal/testbed"
	"chatme/internal/testbed/inside"
)

// tailed is a running tail.
type tailed struct {
	out, err testbed.Record
	ended    chan int // buffer 1
	stop     context.CancelFunc
}

// startTail runs tail with args until it is stopped, and waits until it is connected.
func startTail(s *inside.Served, args ...string) *tailed {
	s.TB.Helper()
	ctx, cancel := context.WithCancel(s.TB.Context())
	t := &tailed{ended: make(chan int, 1), stop: cancel}
	go func() {
		t.ended <- cli.Run(ctx, &Commands{}, append([]string{"tail", "--db", s.DB}, args...), nil, &t.out, &t.err)
	}()
	testbed.Eventually(s.TB, "the tail is connected", func() bool { return strings.Contains(t.err.String(), "connected to the server at") })
	return t
}

func (t *tailed) wait(tb testing.TB) int {
	tb.Helper()
	select {
	case code := <-t.ended:
		return code
	case <-time.After(pace.Of(testbed.StepTimeout)):
		tb.Fatalf("the tail does not end; it said:\n%s%s", &t.err, &t.out)
	}
	panic("unreachable")
}

// TestTail watches two clients match, chat, disconnect, resume and leave while an operator kicks and reloads.
func TestTail(t *testing.T) {
	s := inside.StartServed(t, []string{"WEB_API_KEY=" + operatorKey})
	all, errorsOnly := startTail(s, "--json"), startTail(s, "--status", "error")
	a := arrive(s, false)
	b := arrive(s, false)
	await(s, a, "matched")
	await(s, b, "matched")
	mine := startTail(s, "--session", nameOf(s, "first"), "--type", "message,away,resumed,back")
	if _, err := a.Send("the text nobody is to see"); err != nil {
		t.Fatal(err)
	}
	await(s, b, "message")
	if err := b.Ack(); err != nil {
		t.Fatal(err)
	}
	a.Drop()
	await(s, b, "partner_away")
	if _, err := b.Send("held"); err != nil {
		t.Fatal(err)
	}
	await(s, b, "ack")
	a, err := client.Dial(testbed.Step(t), "ws://"+s.Addr, a.Resume())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Drop()
	await(s, a, "resumed", "message")
	await(s, b, "partner_back")
	if err := b.End(); err != nil {
		t.Fatal(err)
	}
	await(s, a, "partner_disconnected")
	if _, err := s.Dial("not-a-key-of-anybody", true); err == nil {
		t.Error("a wrong key was accepted")
	}
	s.Logged("connection ended", 3)
	asks(s, exit.OK, "kick", nameOf(s, "waiting"))
	wantKicked(s, a)
	s.Logged("connection ended", 4)
	asks(s, exit.OK, "reload")
	s.Stop()
	for _, each := range []*tailed{all, errorsOnly, mine} {
		if code := each.wait(t); code != exit.OK || !strings.HasSuffix(each.err.String(), "chatme: the server stopped\n") {
			t.Errorf("exit code %d; it said:\n%s", code, &each.err)
		}
	}

	want := map[string][]string{ // of the two sessions and the rest, each in order
		"a": {"auth ok resumable", "search ok", "matched ok with b", "message ok relayed text 25 bytes with b", "away ok paired", "closed ok socket lost",
			"auth ok resumable", "resumed ok matched", "back ok with b", "ended ok end_chat with b", "kick ok", "closed ok Revoked 4410"},
		"b": {"auth ok resumable", "search ok", "matched ok with a", "message ok held text 4 bytes with a", "closed ok Chat ended 1000"},
		"-": {"upgrade ok", "upgrade ok", "upgrade ok", "upgrade ok", "auth error invalid API key", "closed error invalid API key 4001",
			"reload ok", "server ok stopping"},
	}
	if got := sorted(t, all.out.String()); !reflect.DeepEqual(got, want) {
		for who := range want {
			t.Errorf("%s:\n got %s\nwant %s", who, strings.Join(got[who], "\n     "), strings.Join(want[who], "\n     "))
		}
	}
	isCommit := func(kind string) bool { return kind == "commit" }
	if got := slices.DeleteFunc(columns(errorsOnly.out.String()), isCommit); !slices.Equal(got, []string{"auth", "closed"}) {
		t.Errorf("errors: %q", got)
	}
	if got := columns(mine.out.String()); !slices.Equal(got, []string{"message", "away", "message", "resumed", "back"}) {
		t.Errorf("one session: %q", got)
	}
	for _, secret := range []string{"nobody is to see", "held\"}", operatorKey, "not-a-key", "cm1_", "127.0.0.1"} {
		if strings.Contains(all.out.String(), secret) {
			t.Errorf("the tail holds %q:\n%s", secret, &all.out)
		}
	}
}

// nameOf returns the name of the first side of the only chat, or of the only waiting session.
func nameOf(s *inside.Served, which string) (name string) {
	s.TB.Helper()
	testbed.Eventually(s.TB, which, func() bool {
		if which == "first" {
			var pairs admin.PairsAnswer
			asksJSON(s, &pairs, "pairs")
			if len(pairs.Pairs) == 1 {
				name = pairs.Pairs[0].First
			}
		} else {
			var queue admin.QueueAnswer
			asksJSON(s, &queue, "queue")
			if len(queue.Queue) == 1 {
				name = queue.Queue[0].Session
			}
		}
		return name != ""
	})
	return name
}

// sorted returns a tail's JSON output by session: a and b in order of arrival, the rest as "-".
func sorted(t *testing.T, text string) map[string][]string {
	t.Helper()
	names, found := map[string]string{"": "-"}, map[string][]string{}
	for raw := range strings.Lines(text) {
		var l struct {
			Type, Status, Session, With, What, Reason, Kind string
			Code, Bytes                                     int
		}
		if err := json.Unmarshal([]byte(raw), &l); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		for _, name := range []string{l.Session, l.With} {
			if _, known := names[name]; !known {
				names[name] = string(rune('a' + len(names) - 1))
			}
		}
		if l.Type == "commit" && l.What == "slow" { // this machine is busy
			continue
		}
		parts := []string{l.Type, l.Status, l.What, l.Reason, l.Kind}
		if l.Code != 0 {
			parts = append(parts, fmt.Sprint(l.Code))
		}
		if l.Bytes != 0 {
			parts = append(parts, fmt.Sprint(l.Bytes, " bytes"))
		}
		if l.With != "" {
			parts = append(parts, "with "+names[l.With])
		}
		parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
		who := names[l.Session]
		found[who] = append(found[who], strings.Join(parts, " "))
	}
	return found
}

// columns returns the types of the lines that a tail printed for people.
func columns(text string) (types []string) {
	for line := range strings.Lines(text) {
		types = append(types, strings.Fields(line)[1])
	}
	return types
}

// TestTailRetries waits until the server is back, and ends on the user's request.
func TestTailRetries(t *testing.T) {
	first := inside.StartServed(t, []string{"WEB_API_KEY=" + operatorKey})
	tail := startTail(first, "--retry", "--type", "auth")
	first.Stop()
	first.WaitEnded()
	testbed.Eventually(t, "it waits", func() bool {
		return strings.Contains(tail.err.String(), "waiting until it is back (press Ctrl+C to stop)")
	})
	second := inside.StartServedOn(t, first.Dir, []string{"WEB_API_KEY=" + operatorKey})
	testbed.Eventually(t, "it is connected again", func() bool { return strings.Count(tail.err.String(), "connected to the server at") == 2 })
	if _, err := second.Dial(operatorKey, true); err != nil {
		t.Fatal(err)
	}
	testbed.Eventually(t, "it shows what happens", func() bool { return strings.Contains(tail.out.String(), "old client") })
	tail.stop()
	if code := tail.wait(t); code != exit.OK {
		t.Errorf("exit code %d; it said:\n%s", code, &tail.err)
	}
	enough := startTail(second, "-n", "1", "--type", "upgrade")
	for range 2 {
		if _, err := second.Dial(operatorKey, true); err != nil {
			t.Fatal(err)
		}
	}
	if code := enough.wait(t); code != exit.OK || strings.Count(enough.out.String(), "\n") != 1 {
		t.Errorf("exit code %d, want 0 after one event; it showed:\n%s", code, &enough.out)
	}
}

// TestStuckTail: a tail that does not read slows down nothing, is told what it lost once it reads, and does not block
// shutdown.
func TestStuckTail(t *testing.T) {
	s := inside.StartServed(t, []string{"WEB_API_KEY=" + operatorKey})
	a, b := arrive(s, true), arrive(s, true)
	await(s, a, "matched")
	await(s, b, "matched")
	stuck := unread(s, "/tail")
	held := unread(s, "/tail?type=message")
	const messages = 8000 // more than its ring and the socket's buffers hold
	go func() {
		for range messages {
			if _, err := a.Send("x"); err != nil {
				return
			}
		}
	}()
	for range messages {
		await(s, b, "message")
	}
	lines, lost := json.NewDecoder(held.Body), 0
	for seen := 0; seen+lost < messages; {
		var line struct {
			Type  string
			Count int
		}
		if err := lines.Decode(&line); err != nil {
			t.Fatalf("%v after %d messages, %d lost", err, seen, lost)
		}
		if line.Type == "lost" {
			lost += line.Count
		} else {
			seen++
		}
	}
	if lost == 0 {
		t.Error("nothing was lost, so nothing was shown")
	}
	s.Stop()
	s.WaitEnded()
	stuck.Body.Close()
}

// unread requests path from the admin socket and does not read the answer.
func unread(s *inside.Served, path string) *http.Response {
	s.TB.Helper()
	answer, err := admin.NewClient(s.DB+".sock").Do(s.TB.Context(), http.MethodGet, path)
	if err != nil {
		s.TB.Fatal(err)
	}
	s.TB.Cleanup(func() { answer.Body.Close() })
	return answer
}
