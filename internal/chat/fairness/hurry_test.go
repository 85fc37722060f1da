package fairness

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"chatme/internal/chat"
)

// hurried plays 200 bots at one address that press Next as soon as they are matched, without the low-priority pool, and
// returns with how many matches each of 20 people finds another.
func hurried(pace time.Duration, atOnce bool, d time.Duration, seed uint64) (p50, p99 int) {
	s := scenario{people: 20, bots: 200, addresses: 1, tactics: hurry, atOnce: atOnce}
	w := newWorld(s, manners{0.5}, chat.LowPriorityOff, pace, seed)
	if len(os.Getenv("TALK"))>0 { w.manners.q = 1 }
	w.waits.from[0], w.waits.until[0] = start.Add(time.Minute), start.Add(d)
	w.play(d)
	slices.Sort(w.waits.passed)
	n := len(w.waits.passed)
	fmt.Println("wait", w.waits.all[0].of(), n)
	if n == 0 {
		return 0, 0
	}
	return w.waits.passed[n/2] + 1, w.waits.passed[n*99/100] + 1
}

func TestHurriedProbe(t *testing.T) {
	if os.Getenv("FAIRNESS") == "" {
		t.Skip()
	}
	for _, pace := range []time.Duration{time.Millisecond, paced} {
		for _, atOnce := range []bool{false, true} {
			p50, p99 := hurried(pace, atOnce, 6*time.Minute, 1)
			fmt.Println(pace, atOnce, p50, p99)
		}
	}
}
