package hostile

import (
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"chatme/internal/stage"
	"chatme/internal/testbed"
)

// TestAttacks runs every attack briefly, at a tenth of its size, and checks what does not depend on time: no honest client is
// refused, cut off or stuck, and what an attack does is bounded. `make soak` has the figures.
func TestAttacks(t *testing.T) {
	stage.Long(t)
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.Build(t, bin)
	var all sync.WaitGroup
	for _, a := range attacks {
		all.Go(func() { // all at once: most of the time they wait
			c := attacksCmd{serverFlags: serverFlags{Descriptors: 2048, Scale: 0.1}, Names: []string{a.name}, Pairs: 2, Rounds: 1, Duration: 500 * time.Millisecond}
			began := time.Now()
			lines, err := c.measure(t.Context(), bin, func(*line) error { return nil }, io.Discard)
			if err != nil {
				t.Error(err)
				return
			}
			lines[0].judge(t, &a, time.Since(began))
		})
	}
	all.Wait()
}

// judge checks what an attack did on a server that ran for at most took.
func (l *line) judge(t *testing.T, a *attack, took time.Duration) {
	seconds := int(took.Seconds()) + 1
	is := func(ok bool, what string) {
		if !ok {
			t.Errorf("%s: %s: %q, %v, %d rows, victim %+v", a.name, what, l.Troubles, l.Did, l.Rows, l.Victim)
		}
	}
	is(l.Trouble == 0, "honest clients were refused, cut off or stuck")
	is(l.Quiet.Messages > 0 && l.During.Messages > 0, "honest clients were not measured")
	is(a.name == "idle" || len(l.Did) > 0, "the attack did nothing")
	is(a.victim == (l.Victim != nil), "victim")
	if v := l.Victim; v != nil {
		is(v.Counts["matched"] == 1 && v.NextMs >= 0, "the victim must meet the attacker, and its Next must be answered")
		is(v.Counts["partner_away"]+v.Counts["partner_back"] <= seconds+1, "away and back more than once a second")
	}
	switch a.name {
	case "claim":
		is(l.Did["claims"] > 0 && l.Did["believed"] == 0, "a claim was believed")
	case "texts":
		is(l.Victim.Counts["message"] > 0 && l.Victim.Counts["message"] <= 300+10*seconds, "more texts than the rate")
	case "sessions":
		is(l.Did["sessions"] > 0 && l.Rows <= 4+2*seconds*int(time.Second/arriveEvery), "sessions that never searched have rows")
	case "resumes":
		is(l.Did["resumes"] > 0 && l.Did["resumes"] <= 21+seconds/5, "more resumes than the rate")
	}
}

// TestBots runs people beside a few bots for a moment.
func TestBots(t *testing.T) {
	stage.Long(t)
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.Build(t, bin)
	c := botsCmd{
		serverFlags: serverFlags{Descriptors: 2048, Scale: 0.1}, People: 8,
		Alone: 2 * time.Second, Beside: 2 * time.Second, Stay: 500 * time.Millisecond, // two chats in each, or people that look
	}
	r, err := c.measure(t.Context(), bin, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if r.Trouble > 0 || r.Alone.Met+r.Alone.Looking == 0 || r.Did["matches"] == 0 || r.Beside.Met+r.Beside.Looking == 0 {
		t.Errorf("%+v", r)
	}
}
