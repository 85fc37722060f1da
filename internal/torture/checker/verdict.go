package checker

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Limits are the server's timeouts and the precision of the clients' clock. The zero value means the protocol's.
type Limits struct {
	ChatWindow    time.Duration // how long a chat waits for a side that is away
	ChatWindowOld time.Duration // the same if the other side is a legacy client
	QueueWindow   time.Duration // how long a client that is away keeps its place in the queue
	Mailbox       int           // messages held for a client that is away
	Settle        time.Duration // how long a legacy client that answered its ping may still be kept from its next match
	Alive         time.Duration // a client that was silent for this long is not matched
	Rematch       time.Duration // how long two clients that left each other are kept apart
	Answer        time.Duration // how long a search may take outside of faults

	Slack  time.Duration // how much later one client may see what another has seen
	Jitter time.Duration // how much shorter than on the server a duration may look from here
}

// mostSlower caps the allowance for a slow machine: beyond it the slack would exceed a slow client's lag.
const mostSlower = 10

// On returns the limits for a machine on which a round trip takes slower times as long as on an idle one. Clients may
// see things that much later there; what the server promises stays the same.
func (l Limits) On(slower float64) Limits {
	l = l.orDefaults()
	slower = min(max(1, slower), mostSlower)
	for _, each := range []*time.Duration{&l.Answer, &l.Slack, &l.Jitter} {
		*each = time.Duration(float64(*each) * slower)
	}
	return l
}

func (l Limits) orDefaults() Limits {
	for _, each := range []struct {
		limit     *time.Duration
		otherwise time.Duration
	}{
		{&l.ChatWindow, 120 * time.Second}, {&l.ChatWindowOld, 30 * time.Second},
		{&l.QueueWindow, 30 * time.Second}, {&l.Settle, 2 * time.Second}, {&l.Alive, 12 * time.Second},
		{&l.Rematch, 10 * time.Second}, {&l.Answer, time.Second}, {&l.Slack, 2 * time.Second}, {&l.Jitter, 50 * time.Millisecond},
	} {
		if *each.limit == 0 {
			*each.limit = each.otherwise
		}
	}
	if l.Mailbox == 0 {
		l.Mailbox = 200
	}
	return l
}

// Violation is one broken promise.
type Violation struct {
	ID      string // of the invariant
	Reason  string
	Excerpt []Event // the events that show it, in order
}

func (v *Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", v.ID, v.Reason)
	for i := range v.Excerpt {
		fmt.Fprintf(&b, "  %s\n", &v.Excerpt[i])
	}
	return b.String()
}

// Result is what a history shows.
type Result struct {
	Operations   int // frames that clients sent
	Sent         int // messages, each counted once however often it was sent
	Acknowledged int // … that the server took into custody
	Refused      int // refusals heard
	Full         int // … because a mailbox was full
	Heard        int // messages that arrived
	Held         int // … that had been held for a client that was away
	Tails        int // … and arrived after their chat was over
	Chats        int
	Expired      int // chats that ended because a side was away too long
	Unjudged     int // ends and acknowledgements in chats with only one side known
	Undone       int // acknowledged messages that did not arrive because the database was restored
	Restores     int
	Kills        int
	Landed       int // kills while something that a client had sent was not acknowledged
	Resuming     int // kills while a reconnected client was waiting for an answer

	Violations []Violation // the first few of each invariant
	Counts     map[string]int
}

// kept is how many violations of each invariant are reported with excerpts.
const kept = 3

// invariant is one promise and its check.
type invariant struct {
	id    string
	judge func(h *history, report report)
}

// report receives a violation and the events that show it.
type report func(reason string, excerpt ...int)

func invariants() []invariant {
	return []invariant{
		{"M1", m1}, {"M2", m2}, {"M3", m3}, {"M4", m4}, {"M5", m5}, {"M6", m6}, {"M7", m7},
		{"D1", d1}, {"D2", d2}, {"D3", d3}, {"D4", d4}, {"D5", d5}, {"D6", d6}, {"S1", s1}, {"S2", s2}, {"S3", s3}, {"S4", s4},
	}
}

// Check checks a history against every invariant.
func Check(events []Event, limits Limits) *Result {
	h := newHistory(events, limits)
	r := &Result{Counts: map[string]int{}, Chats: len(h.order)}
	for _, inv := range invariants() {
		inv.judge(h, func(reason string, excerpt ...int) {
			r.Counts[inv.id]++
			if r.Counts[inv.id] > kept {
				return
			}
			slices.Sort(excerpt)
			v := Violation{ID: inv.id, Reason: reason}
			for _, i := range slices.Compact(excerpt) {
				v.Excerpt = append(v.Excerpt, events[i])
			}
			r.Violations = append(r.Violations, v)
		})
	}
	r.Unjudged, r.Restores = h.unjudged, len(h.restores)
	h.count(r)
	return r
}

// count fills in the counters.
func (h *history) count(r *Result) {
	for i := range h.events {
		e := &h.events[i]
		switch {
		case e.sent("pong"):
		case e.Kind == Sent:
			r.Operations++
		case e.heard("message"):
			r.Heard++
		case e.heard("error"):
			r.Refused++
			if e.Code == "mailbox_full" {
				r.Full++
			}
		}
	}
	h.countHeld(r)
	h.eachLost(func(s *side, _ uint64, _ int) {
		if h.undone(s) {
			r.Undone++
		}
	})
	for _, s := range h.order {
		r.Sent += len(s.said)
		if s.link != nil && s.over >= 0 && h.expired(s, &h.events[s.over]) {
			r.Expired++
		}
		recv, acknowledged := s.recv(h), 0
		for index := range s.said {
			if index <= recv {
				acknowledged++
			}
		}
		r.Acknowledged += acknowledged
		if s.link == nil {
			r.Unjudged += acknowledged
		}
	}
	h.countKills(r)
}

// countHeld counts the messages that a resume announced as held: the next ones its client hears.
func (h *history) countHeld(r *Result) {
	held, tail := map[int]int{}, map[int]bool{} // by client
	h.walk(func(_ *view, e *Event) {
		switch {
		case e.heard("resumed"):
			held[e.Who], tail[e.Who] = e.Replay, e.State != "matched"
		case e.Kind == Gone:
			delete(held, e.Who)
		case e.heard("message", "gap") && held[e.Who] > 0:
			held[e.Who]--
			if e.Type == "gap" {
				break
			}
			r.Held++
			if tail[e.Who] {
				r.Tails++
			}
		}
	})
}

// countKills counts the kills, those that landed while a resumable client's message or any client's search had no
// answer on a live socket, and those that hit a resume.
func (h *history) countKills(r *Result) {
	views := map[int]*view{}
	for i := range h.events {
		e := &h.events[i]
		if e.Kind == Fault {
			if e.Type != Killed {
				continue
			}
			r.Kills++
			landed, resuming := false, false
			for _, v := range views {
				landed = landed || v.present && (v.asked || !v.old && v.chat != "" && !v.over && v.said > v.recv)
				resuming = resuming || v.resuming
			}
			if landed {
				r.Landed++
			}
			if resuming {
				r.Resuming++
			}
			continue
		}
		if views[e.Who] == nil {
			views[e.Who] = &view{who: e.Who, old: e.Old}
		}
		views[e.Who].apply(e)
	}
}
