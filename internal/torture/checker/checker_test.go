package checker

import (
	"slices"
	"strings"
	"testing"
	"time"

	"chatme/internal/protocol"
)

// script builds a history by hand: each call adds one event, a millisecond after the previous one.
type script struct {
	events []Event
	now    time.Duration
	old    map[int]bool
}

// newScript returns an empty history; the clients in old are legacy clients.
func newScript(old ...int) *script {
	s := &script{old: map[int]bool{}}
	for _, who := range old {
		s.old[who] = true
	}
	return s
}

func (s *script) add(e Event) *script {
	s.now += time.Millisecond
	e.Seq, e.At, e.Old = len(s.events), s.now, s.old[e.Who]
	s.events = append(s.events, e)
	return s
}

func (s *script) wait(d time.Duration) *script {
	s.now += d
	return s
}

func (s *script) fault(t string) *script { return s.add(Event{Who: Server, Kind: Fault, Type: t}) }

func (s *script) sends(who int, t, chat string) *script {
	return s.add(Event{Who: who, Kind: Sent, Type: t, Chat: chat})
}

func (s *script) hears(who int, t, chat string) *script {
	return s.add(Event{Who: who, Kind: Heard, Type: t, Chat: chat})
}

// joins connects new sessions.
func (s *script) joins(who ...int) *script {
	for _, w := range who {
		s.sends(w, "auth", "").hears(w, "auth_success", "")
		if !s.old[w] {
			s.hears(w, "session_id", "")
		}
	}
	return s
}

// searches sends search and hears searching.
func (s *script) searches(who ...int) *script {
	for _, w := range who {
		s.sends(w, "search", "").hears(w, "searching", "")
	}
	return s
}

// alias returns what b is called in the chat with a; round distinguishes their chats.
func alias(b int, round string) string { return string(rune('A'+b)) + round }

// meets matches two waiting clients.
func (s *script) meets(a, b int, round string) *script {
	return s.hears(a, "matched", alias(b, round)).hears(b, "matched", alias(a, round))
}

// says sends the nth message from a to b.
func (s *script) says(a, b int, round string, n uint64) *script {
	e := Event{Who: a, Kind: Sent, Type: "message", Chat: alias(b, round), N: n, Body: Body{Who: a, Chat: alias(b, round), Index: n}}
	if s.old[a] {
		e.N, e.Chat = 0, ""
	}
	return s.add(e)
}

// reads receives the nth message from a at b.
func (s *script) reads(b, a int, round string, n uint64) *script {
	e := Event{Who: b, Kind: Heard, Type: "message", Chat: alias(a, round), N: n, Body: Body{Who: a, Chat: alias(b, round), Index: n}}
	if s.old[b] {
		e.N = 0
	}
	return s.add(e)
}

// acked adds the server's ack to who: custody up to n.
func (s *script) acked(who int, n uint64) *script {
	return s.add(Event{Who: who, Kind: Heard, Type: "ack", Recv: n})
}

// gap adds a gap to who: nothing more up to n will arrive.
func (s *script) gap(who int, n uint64) *script {
	return s.add(Event{Who: who, Kind: Heard, Type: "gap", N: n})
}

// confirms sends b's ack of what a said up to n.
func (s *script) confirms(b, a int, round string, n uint64) *script {
	return s.add(Event{Who: b, Kind: Sent, Type: "ack", Chat: alias(a, round), N: n})
}

// ends adds what follows the tail of a chat that is over.
func (s *script) ends(who int) *script {
	return s.hears(who, "partner_disconnected", "").hears(who, "searching", "")
}

// left is a chat that 0 left while 1 was away; a message from 0 is held for 1.
func left() *script {
	return chatting().gone(1).says(0, 1, "x", 2).acked(0, 2).sends(0, "search", alias(1, "x")).hears(0, "searching", "")
}

// unheard is a chat that was over before 1 heard of it, a window after 1 was lost; a message from 0 is held for 1.
func unheard(window time.Duration) *script {
	return newScript().joins(0, 1).searches(0, 1).hears(0, "matched", alias(1, "x")).gone(1).says(0, 1, "x", 1).acked(0, 1).
		wait(window).hears(0, "partner_disconnected", "").
		returns(1, "", "searching", "", 0, 0).hears(1, "matched", alias(0, "x"))
}

func (s *script) gone(who int) *script { return s.add(Event{Who: who, Kind: Gone, CloseCode: 1006}) }

// returns resumes a session, naming a chat, with this answer.
func (s *script) returns(who int, named, state, chat string, recv, last uint64) *script {
	s.add(Event{Who: who, Kind: Sent, Type: "auth", Resume: true, Chat: named}).hears(who, "auth_success", "")
	return s.add(Event{Who: who, Kind: Heard, Type: "resumed", State: state, Chat: chat, Recv: recv, Last: last})
}

// unknown resumes a session that the server does not know.
func (s *script) unknown(who int, named string) *script {
	s.add(Event{Who: who, Kind: Sent, Type: "auth", Resume: true, Chat: named}).hears(who, "auth_success", "")
	return s.add(Event{Who: who, Kind: Heard, Type: "resume_failed", Code: "unknown"})
}

// chatting is two clients that have met and said one message each, which the other has confirmed.
func chatting(old ...int) *script {
	return newScript(old...).joins(0, 1).searches(0, 1).meets(0, 1, "x").
		says(0, 1, "x", 1).reads(1, 0, "x", 1).says(1, 0, "x", 1).reads(0, 1, "x", 1).acked(0, 1).acked(1, 1)
}

// leaves is Next, and what the partner hears.
func (s *script) leaves(a, b int, round string) *script {
	chat := alias(b, round)
	if s.old[a] {
		chat = ""
	}
	return s.sends(a, "search", chat).hears(a, "searching", "").hears(b, "partner_disconnected", "")
}

// TestInvariants checks histories that keep each invariant and histories that break it. A checker that was never seen
// to fail proves nothing.
func TestInvariants(t *testing.T) {
	for name, c := range invariantCases() {
		t.Run(name, func(t *testing.T) {
			id, _, _ := strings.Cut(name, " ")
			r := Check(c.history.events, shortLimits)
			var found []string
			for _, v := range r.Violations {
				found = append(found, v.ID)
				if len(v.Excerpt) == 0 || v.Reason == "" {
					t.Errorf("%s has no reason or no excerpt", v.ID)
				}
			}
			switch {
			case c.broken && !slices.Contains(found, id):
				t.Errorf("%s is broken but was not found, only %v", id, found)
			case !c.broken && len(found) > 0:
				t.Errorf("nothing is broken, but found %s", &r.Violations[0])
			}
		})
	}
}

var shortLimits = Limits{ChatWindow: 4 * time.Second, ChatWindowOld: 3 * time.Second, Mailbox: 2}

// On a slow machine, a correct history still passes, and broken promises that do not depend on time are still found.
// Known defect: a run on a busy machine was judged by the limits of an idle one.
func TestSlowMachine(t *testing.T) {
	cases := invariantCases()
	for name, c := range cases {
		for _, slower := range []float64{0.5, 1.5, 3, mostSlower, 1000} {
			r := Check(c.history.events, shortLimits.On(slower))
			id, _, _ := strings.Cut(name, " ")
			switch timed := id[0] == 'M' && id > "M4"; {
			case !c.broken && len(r.Violations) > 0:
				t.Errorf("%s: %v times slower, but found %s", name, slower, &r.Violations[0])
			case c.broken && !timed && r.Counts[id] == 0:
				t.Errorf("%s: %v times slower, nothing was found", name, slower)
			}
		}
	}
	late := cases["M7 late"].history.events
	if r := Check(late, shortLimits.On(2)); r.Counts["M7"] == 0 {
		t.Error("an answer after 3 s passed as in time on a machine that is half as fast")
	}
	if r := Check(late, shortLimits.On(4)); len(r.Violations) > 0 {
		t.Errorf("an answer after 3 s was judged late on a machine that is a quarter as fast: %s", &r.Violations[0])
	}
}

// TestEveryInvariantBites: every invariant has a history that passes and one that fails.
func TestEveryInvariantBites(t *testing.T) {
	passes, fails := map[string]bool{}, map[string]bool{}
	for name, c := range invariantCases() {
		id, _, _ := strings.Cut(name, " ")
		if c.broken {
			fails[id] = true
		} else {
			passes[id] = true
		}
	}
	for _, inv := range invariants() {
		if !passes[inv.id] || !fails[inv.id] {
			t.Errorf("%s: a history that passes: %v, one that fails: %v", inv.id, passes[inv.id], fails[inv.id])
		}
	}
}

func TestBody(t *testing.T) {
	b := Body{Who: 12, Chat: "3b241101-e2bb-4255-8caf-4136c566a962", Index: 34}
	text := b.Text("marker")
	if got, ok := ParseBody(text); !ok || got != b {
		t.Errorf("%q parsed as %v, %v", text, got, ok)
	}
	for _, bad := range []string{"", "hello", strings.Replace(text, "34", "35", 1), text[:len(text)-1], text + "0"} {
		if got, ok := ParseBody(bad); ok {
			t.Errorf("%q parsed as %v", bad, got)
		}
	}
}

// A photo that differs from the one its writer sent makes the body unreadable.
func TestHearPhoto(t *testing.T) {
	photo := "data:image/png;base64," + strings.Repeat("abcd", 1000)
	b := Body{Who: 1, Chat: "A", Index: 2, Photo: PhotoSum(photo)}
	plain := Body{Who: 1, Chat: "A", Index: 3}
	tests := map[string]struct {
		sent  Body
		image string
		want  Body
	}{
		"whole":         {b, photo, b},
		"cut short":     {b, photo[:len(photo)-4], Body{}},
		"changed":       {b, strings.Replace(photo, "abcdabcd", "abcdabce", 1), Body{}},
		"lost":          {b, "", Body{}},
		"another's":     {plain, photo, Body{}},
		"none, rightly": {plain, "", plain},
	}
	for name, tt := range tests {
		e := Hear(5, false, &protocol.ServerMessage{Type: "message", From: "B", Text: tt.sent.Text("x"), ImageURL: tt.image})
		if e.Body != tt.want {
			t.Errorf("%s: %v, want %v", name, e.Body, tt.want)
		}
	}
}

func TestHear(t *testing.T) {
	b := Body{Who: 1, Chat: "A", Index: 2}
	e := Hear(5, false, &protocol.ServerMessage{Type: "message", From: "B", N: 2, Text: b.Text("x")})
	if e.Who != 5 || e.Chat != "B" || e.N != 2 || e.Body != b || e.Secret {
		t.Errorf("%+v", e)
	}
	secret := "cm1_" + strings.Repeat("x", 43)
	if e := Hear(5, false, &protocol.ServerMessage{Type: "session_id", SessionID: secret}); e.Secret || e.Session == "" || strings.Contains(e.String(), secret) {
		t.Errorf("%+v", e)
	}
	if e := Hear(5, false, &protocol.ServerMessage{Type: "matched", PartnerID: secret}); !e.Secret {
		t.Error("a session ID as an alias was not noticed")
	}
}

// TestCount: operations are counted once each, and a kill counts as landed only if something is unacknowledged.
func TestCount(t *testing.T) {
	s := chatting()
	s.fault(Killed).gone(0).gone(1).fault(Listening)
	if r := Check(s.events, Limits{}); r.Kills != 1 || r.Landed != 0 {
		t.Errorf("an idle kill: %+v", r)
	}
	s = chatting().says(0, 1, "x", 2).says(0, 1, "x", 2).fault(Killed)
	r := Check(s.events, Limits{})
	if r.Landed != 1 || r.Sent != 3 || r.Acknowledged != 2 || r.Heard != 2 || r.Chats != 2 {
		t.Errorf("%+v", r)
	}
}

// TestCountCustody: what a resume announces counts as held once it is heard, and as a tail if the chat is over.
func TestCountCustody(t *testing.T) {
	replays := func(s *script, n int) *script { s.events[len(s.events)-1].Replay = n; return s }
	s := replays(chatting().gone(1).says(0, 1, "x", 2).says(0, 1, "x", 3).
		add(Event{Who: 0, Kind: Heard, Type: "error", Code: "mailbox_full", N: 3}).acked(0, 2).
		returns(1, alias(0, "x"), "matched", alias(0, "x"), 1, 1), 1).reads(1, 0, "x", 2).says(0, 1, "x", 3).reads(1, 0, "x", 3)
	if r := Check(s.events, Limits{}); r.Held != 1 || r.Tails != 0 || r.Full != 1 || r.Refused != 1 {
		t.Errorf("%+v", r)
	}
	s = replays(left().returns(1, alias(0, "x"), "ended", alias(0, "x"), 0, 0), 1).reads(1, 0, "x", 2).ends(1)
	s.gone(1).add(Event{Who: 1, Kind: Sent, Type: "auth", Resume: true, Chat: alias(0, "x")}).fault(Killed)
	if r := Check(s.events, Limits{}); r.Held != 1 || r.Tails != 1 || r.Kills != 1 || r.Resuming != 1 {
		t.Errorf("%+v", r)
	}
	s = newScript().joins(0).searches(0).hears(0, "matched", "B").says(0, 1, "", 1).acked(0, 1)
	if r := Check(s.events, Limits{}); r.Unjudged != 1 {
		t.Errorf("acknowledged in a chat with only one side known: %+v", r)
	}
}

func TestRecorder(t *testing.T) {
	r := NewRecorder()
	r.Add(Event{Who: 1})
	r.Add(Event{Who: 2})
	r.Add(Event{Who: 2, Kind: Sent, Type: "pong"}) // not counted
	events := r.Events()
	if r.Len() != 2 || len(events) != 3 || events[1].Seq != 1 || events[1].Who != 2 || events[1].At < events[0].At {
		t.Errorf("%+v", events)
	}
}
