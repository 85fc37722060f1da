package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"chatme/internal/admin"
	"chatme/internal/client"
)

// asks runs a command against s and returns what it printed.
func (s *served) asks(code int, args ...string) (stdout, stderr string) {
	s.tb.Helper()
	var out, errs record
	if got := run(s.tb.Context(), append(args, "--db", s.db), nil, &out, &errs); got != code {
		s.tb.Errorf("%q: exit code %d, want %d; it said:\n%s", args, got, code, &errs)
	}
	return out.String(), errs.String()
}

// asksJSON is asks with --json, decoded into answer.
func (s *served) asksJSON(answer any, args ...string) {
	s.tb.Helper()
	out, _ := s.asks(exitOK, append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), answer); err != nil {
		s.tb.Fatalf("%q: %v: %s", args, err, out)
	}
}

const operatorKey = "a-key-for-this-test"

// arrive connects somebody who searches.
func (s *served) arrive(old bool) *client.Client {
	s.tb.Helper()
	c, err := s.dial(operatorKey, old)
	if err == nil {
		err = c.Search()
	}
	if err == nil {
		_, err = c.Expect(step(s.tb), "searching")
	}
	if err != nil {
		s.tb.Fatal(err)
	}
	return c
}

func (s *served) await(c *client.Client, types ...string) {
	s.tb.Helper()
	for _, each := range types {
		if _, err := c.Await(step(s.tb), each); err != nil {
			s.tb.Fatal(err)
		}
	}
}

// TestOperator lists people and kicks some: from a chat, from the queue, out of rest, and by a name that is not one.
func TestOperator(t *testing.T) {
	s := startServed(t, []string{"WEB_API_KEY=" + operatorKey})
	a := s.arrive(false)
	b := s.arrive(true)
	s.await(a, "matched")
	s.await(b, "matched")
	c := s.arrive(false)
	if _, err := s.dial(operatorKey, true); err != nil { // who has not searched
		t.Fatal(err)
	}

	var sessions sessionsAnswer
	s.asksJSON(&sessions, "sessions")
	if sessions.Total != 3 || len(sessions.Sessions) != 3 || sessions.Unlisted != 1 {
		t.Errorf("%+v, want three sessions and one that is not listed", sessions)
	}
	out, _ := s.asks(exitOK, "sessions", "--limit", "2")
	if want := regexp.MustCompile(`(?m)^SESSION +STATE +CLIENT +SOCKET.*\n(s_\w{8} .*\n){2}… and 1 more; --limit 0 lists them\n1 old client is connected and not searching yet$`); !want.MatchString(out) {
		t.Errorf("the table is\n%s", out)
	}
	out, _ = s.asks(exitOK, "sessions", "--state", "paired")
	if strings.Count(out, " paired ") != 2 || strings.Contains(out, " waiting ") {
		t.Errorf("those in a chat are\n%s", out)
	}
	var queue queueAnswer
	s.asksJSON(&queue, "queue")
	if queue.Total != 1 || queue.Queue[0].Here != "here" || queue.Queue[0].Kind != "resumable" {
		t.Errorf("the queue is %+v", queue)
	}
	var pairs pairsAnswer
	s.asksJSON(&pairs, "pairs")
	if pairs.Total != 1 || len(pairs.Pairs) != 1 || pairs.Pairs[0].Away != "" {
		t.Fatalf("the chats are %+v", pairs)
	}
	for args, want := range map[string]string{
		"queue": `(?m)^PLACE +SESSION +CLIENT +SOCKET +WAITING +SINCE\n1 +s_\w{8} +resumable +here +\S+ +\S+Z$`,
		"pairs": `(?m)^CHAT +FIRST +SECOND +AWAY +SINCE\n1-1 +s_\w{8} +s_\w{8} +- +\S+Z$`,
	} {
		if out, _ := s.asks(exitOK, args); !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("%s:\n%s", args, out)
		}
	}

	// From a chat: the other one is told, and queued.
	out, _ = s.asks(exitOK, "kick", pairs.Pairs[0].First)
	if want := "kicked " + pairs.Pairs[0].First + ": it was in a chat, whose other side is back in the queue\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
	s.wantKicked(a)
	s.await(b, "partner_disconnected", "matched") // with c
	again, err := client.Dial(step(t), "ws://"+s.addr, a.Resume())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Drop()
	if _, err := again.Await(step(t), "resume_failed"); err != nil {
		t.Error(err)
	}
	_, said := s.asks(exitFailure, "kick", pairs.Pairs[0].First)
	if !strings.Contains(said, "no session "+pairs.Pairs[0].First+": it has ended") {
		t.Errorf("a session that has ended: %s", said)
	}
	_, said = s.asks(exitFailure, "kick", "s_")
	if !strings.Contains(said, "is no name of a session") {
		t.Errorf("no name: %s", said)
	}

	// Whose socket is gone is ended all the same, and its partner told.
	s.await(c, "matched")
	c.Drop()
	s.logged("connection ended", 2)
	var answer kickAnswer
	eventually(t, "the session is away", func() bool {
		s.asksJSON(&pairs, "pairs")
		return pairs.Pairs[0].Away != ""
	})
	gone := map[string]string{"first": pairs.Pairs[0].First, "second": pairs.Pairs[0].Second}[pairs.Pairs[0].Away]
	s.asksJSON(&answer, "kick", gone)
	if want := (kickAnswer{gone, "paired", false}); answer != want {
		t.Errorf("%+v, want %+v", answer, want)
	}
	s.await(b, "partner_disconnected")

	// Nobody, when there is nobody.
	s.stop()
	s.waitEnded()
	for _, args := range [][]string{{"tail"}, {"sessions"}, {"queue"}, {"pairs"}, {"kick", "s_1a2b3c4d"}, {"reload"}} {
		_, said := s.asks(exitFailure, args...)
		if !strings.Contains(said, "no server at "+s.db+".sock: there is no such socket; is it running? name its database with --db") {
			t.Errorf("%q without a server: %s", args, said)
		}
	}
}

// TestKickAmbiguous: a name that several sessions begin with is none.
func TestKickAmbiguous(t *testing.T) {
	s := startServed(t, []string{"WEB_API_KEY=" + operatorKey})
	for range 17 { // so that two names begin with the same digit
		if _, err := s.dial(operatorKey, false); err != nil {
			t.Fatal(err)
		}
	}
	var sessions sessionsAnswer
	s.asksJSON(&sessions, "sessions")
	digits := map[string]int{}
	for _, each := range sessions.Sessions {
		digits[each.Session[:3]]++
	}
	for prefix, n := range digits {
		if n > 1 {
			if _, said := s.asks(exitFailure, "kick", prefix); !strings.Contains(said, "several sessions are named "+prefix+": s_") {
				t.Errorf("an ambiguous name: %s", said)
			}
			return
		}
	}
	t.Error("no two names begin with the same digit")
}

// wantKicked wants c to be closed for good.
func (s *served) wantKicked(c *client.Client) {
	s.tb.Helper()
	select {
	case <-c.Done():
		if err := c.CloseErr(); err.Code != 4410 {
			s.tb.Errorf("closed with %v, want 4410", err)
		}
	case <-step(s.tb).Done():
		s.tb.Error("the socket of a session that was kicked stays open")
	}
}

// TestKickHibernated ends a session that is on disk only.
func TestKickHibernated(t *testing.T) {
	s := startServed(t, []string{"WEB_API_KEY=" + operatorKey})
	c, err := s.dial(operatorKey, false)
	if err != nil {
		t.Fatal(err)
	}
	var sessions sessionsAnswer
	eventually(t, "it has a row", func() bool {
		s.asksJSON(&sessions, "sessions")
		return sessions.Total == 1
	})
	c.Drop()
	eventually(t, "it rests", func() bool {
		s.asksJSON(&sessions, "sessions")
		return sessions.Sessions[0].Here == "away"
	})
	out, _ := s.asks(exitOK, "kick", sessions.Sessions[0].Session)
	if want := "kicked " + sessions.Sessions[0].Session + ": it was not in a chat, and away\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
	s.asksJSON(&sessions, "sessions", "--state", "ended")
	eventually(t, "the row says so", func() bool {
		s.asksJSON(&sessions, "sessions", "--state", "ended")
		return sessions.Total == 1
	})
	again, err := client.Dial(step(t), "ws://"+s.addr, c.Resume())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Drop()
	if m, err := again.Await(step(t), "resume_failed"); err != nil || m.Code != "ended" {
		t.Errorf("%+v, %v; want ended", m, err)
	}
}

// tailed is a tail under way.
type tailed struct {
	out, err record
	ended    chan int // buffer 1
	stop     context.CancelFunc
}

// startTail runs tail with args until it is stopped, and waits until it is connected.
func (s *served) startTail(args ...string) *tailed {
	s.tb.Helper()
	ctx, cancel := context.WithCancel(s.tb.Context())
	t := &tailed{ended: make(chan int, 1), stop: cancel}
	go func() { t.ended <- run(ctx, append([]string{"tail", "--db", s.db}, args...), nil, &t.out, &t.err) }()
	eventually(s.tb, "the tail is connected", func() bool { return strings.Contains(t.err.String(), "connected to the server at") })
	return t
}

func (t *tailed) wait(tb testing.TB) int {
	tb.Helper()
	select {
	case code := <-t.ended:
		return code
	case <-time.After(stepTimeout):
		tb.Fatalf("the tail does not end; it said:\n%s%s", &t.err, &t.out)
	}
	panic("unreachable")
}

// TestTail watches two people meet, chat, be apart and part, beside an operator who kicks and reloads.
func TestTail(t *testing.T) {
	s := startServed(t, []string{"WEB_API_KEY=" + operatorKey})
	all, errorsOnly := s.startTail("--json"), s.startTail("--status", "error")
	a := s.arrive(false)
	b := s.arrive(false)
	s.await(a, "matched")
	s.await(b, "matched")
	mine := s.startTail("--session", s.nameOf("first"), "--type", "message,away,resumed,back")
	if _, err := a.Send("the text nobody is to see"); err != nil {
		t.Fatal(err)
	}
	s.await(b, "message")
	if err := b.Ack(); err != nil {
		t.Fatal(err)
	}
	a.Drop()
	s.await(b, "partner_away")
	if _, err := b.Send("held"); err != nil {
		t.Fatal(err)
	}
	s.await(b, "ack")
	a, err := client.Dial(step(t), "ws://"+s.addr, a.Resume())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Drop()
	s.await(a, "resumed", "message")
	s.await(b, "partner_back")
	if err := b.End(); err != nil {
		t.Fatal(err)
	}
	s.await(a, "partner_disconnected")
	if _, err := s.dial("not-a-key-of-anybody", true); err == nil {
		t.Error("a wrong key was taken")
	}
	s.logged("connection ended", 3)
	s.asks(exitOK, "kick", s.nameOf("waiting"))
	s.wantKicked(a)
	s.logged("connection ended", 4)
	s.asks(exitOK, "reload")
	s.stop()
	for _, each := range []*tailed{all, errorsOnly, mine} {
		if code := each.wait(t); code != exitOK || !strings.HasSuffix(each.err.String(), "chatme: the server has stopped\n") {
			t.Errorf("exit code %d; it said:\n%s", code, &each.err)
		}
	}

	want := map[string][]string{ // of one session, of the other, and the rest, each in its order
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
	if got := columns(errorsOnly.out.String()); !slices.Equal(got, []string{"auth", "closed"}) {
		t.Errorf("the errors are %q", got)
	}
	if got := columns(mine.out.String()); !slices.Equal(got, []string{"message", "away", "message", "resumed", "back"}) {
		t.Errorf("of the one session: %q", got)
	}
	for _, secret := range []string{"nobody is to see", "held\"}", operatorKey, "not-a-key", "cm1_", "127.0.0.1"} {
		if strings.Contains(all.out.String(), secret) {
			t.Errorf("the tail holds %q:\n%s", secret, &all.out)
		}
	}
}

// nameOf is the name of the first side of the only chat, or of the only one who waits.
func (s *served) nameOf(which string) (name string) {
	s.tb.Helper()
	eventually(s.tb, which, func() bool {
		if which == "first" {
			var pairs pairsAnswer
			s.asksJSON(&pairs, "pairs")
			if len(pairs.Pairs) == 1 {
				name = pairs.Pairs[0].First
			}
		} else {
			var queue queueAnswer
			s.asksJSON(&queue, "queue")
			if len(queue.Queue) == 1 {
				name = queue.Queue[0].Session
			}
		}
		return name != ""
	})
	return name
}

// sorted is what a tail printed as JSON, by session: a and b in the order in which they came, the rest as "-".
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

// columns are the types of the lines that a tail printed for people.
func columns(text string) (types []string) {
	for line := range strings.Lines(text) {
		types = append(types, strings.Fields(line)[1])
	}
	return types
}

// TestTailRetries waits for the server to come back, and ends with the user.
func TestTailRetries(t *testing.T) {
	first := startServed(t, []string{"WEB_API_KEY=" + operatorKey})
	tail := first.startTail("--retry", "--type", "auth")
	first.stop()
	eventually(t, "it waits", func() bool { return strings.Contains(tail.err.String(), "waiting until it is back (Ctrl+C ends)") })
	second := startServedOn(t, first.dir, []string{"WEB_API_KEY=" + operatorKey})
	eventually(t, "it is connected again", func() bool { return strings.Count(tail.err.String(), "connected to the server at") == 2 })
	if _, err := second.dial(operatorKey, true); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it shows what happens", func() bool { return strings.Contains(tail.out.String(), "old client") })
	tail.stop()
	if code := tail.wait(t); code != exitOK {
		t.Errorf("exit code %d; it said:\n%s", code, &tail.err)
	}
	enough := second.startTail("-n", "1", "--type", "upgrade")
	for range 2 {
		if _, err := second.dial(operatorKey, true); err != nil {
			t.Fatal(err)
		}
	}
	if code := enough.wait(t); code != exitOK || strings.Count(enough.out.String(), "\n") != 1 {
		t.Errorf("exit code %d, want 0 after one event; it showed:\n%s", code, &enough.out)
	}
}

// TestStuckTail: one that reads nothing slows nobody, is told what it lost once it reads, and does not hold up a stop.
func TestStuckTail(t *testing.T) {
	s := startServed(t, []string{"WEB_API_KEY=" + operatorKey})
	a, b := s.arrive(true), s.arrive(true)
	s.await(a, "matched")
	s.await(b, "matched")
	stuck := s.unread("/tail")
	held := s.unread("/tail?type=message")
	const messages = 8000 // more than its ring and the buffers of the socket take
	go func() {
		for range messages {
			if _, err := a.Send("x"); err != nil {
				return
			}
		}
	}()
	for range messages {
		s.await(b, "message")
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
	s.stop()
	s.waitEnded()
	stuck.Body.Close()
}

// unread asks the admin socket for path, whose answer is left unread.
func (s *served) unread(path string) *http.Response {
	s.tb.Helper()
	answer, err := admin.NewClient(s.db+".sock").Do(s.tb.Context(), http.MethodGet, path)
	if err != nil {
		s.tb.Fatal(err)
	}
	s.tb.Cleanup(func() { answer.Body.Close() })
	return answer
}
