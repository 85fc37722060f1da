package fairness

import (
	"slices"
	"testing"
	"time"

	"chatme/internal/chat"
)

// TestHurriedBots: 200 bots at one address press Next as soon as they are matched, and 20 people part within seconds. Without
// the low-priority pool, the pace of matches is what lets an honest person find another: all bots have spent theirs, and all
// have their next match at the same moment, with each other.
func TestHurriedBots(t *testing.T) {
	for _, tt := range []struct {
		name     string
		pace     time.Duration // chat.Limits.MatchEvery
		atOnce   bool
		p50, p99 [2]int // between these
	}{
		{"without a pace", time.Millisecond, true, [2]int{10, 100}, [2]int{80, 1000}},
		{"paced", paced, true, [2]int{1, 2}, [2]int{1, 14}},
		{"paced, spread over five seconds", paced, false, [2]int{1, 2}, [2]int{1, 14}},
	} {
		p50, p99 := hurried(tt.pace, tt.atOnce)
		t.Logf("%s: a person meets another after %d matches (p50), %d (p99)", tt.name, p50, p99)
		if p50 < tt.p50[0] || p50 > tt.p50[1] || p99 < tt.p99[0] || p99 > tt.p99[1] {
			t.Errorf("%s: %d (p50) and %d (p99), want %v and %v", tt.name, p50, p99, tt.p50, tt.p99)
		}
	}
}

// hurried returns with how many matches people find each other, in the second minute of such an attack.
func hurried(pace time.Duration, atOnce bool) (p50, p99 int) {
	s := scenario{people: 20, bots: 200, addresses: 1, tactics: hurry, atOnce: atOnce}
	w := newWorld(s, manners{q: 1}, chat.LowPriorityOff, pace, 1)
	w.waits.from[0], w.waits.until[0] = start.Add(time.Minute), start.Add(2*time.Minute)
	w.play(2 * time.Minute)
	slices.Sort(w.waits.passed)
	n := len(w.waits.passed)
	if n == 0 {
		return 0, 0
	}
	return w.waits.passed[n/2] + 1, w.waits.passed[n*99/100] + 1
}
