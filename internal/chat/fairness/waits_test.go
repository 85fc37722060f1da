package fairness

import (
	"time"

	"chatme/internal/chat"
)

// waits are how long people look for each other, chats with bots included.
type waits struct {
	from, until [hours]chat.Time
	all, shared [hours]mean // of all people; of the people that share an address
	passed      []int       // how many bots a person met before each other person, in any hour
}

// hours of an attack are measured: from ten minutes after it begins, and from an hour later.
const hours = 2

const warmUp = 10 * time.Minute

type mean struct {
	sum float64 // in seconds
	n   int
}

func (m *mean) add(seconds float64) {
	m.sum += seconds
	m.n++
}

func (m mean) of() float64 {
	if m.n == 0 {
		return 0
	}
	return m.sum / float64(m.n)
}

// found: a looks no longer.
func (w *world) found(a *actor) {
	if a.looking == 0 {
		return
	}
	seconds := float64(w.now-a.looking) / 1000
	for hour := range hours {
		if a.looking >= w.waits.from[hour] && a.looking < w.waits.until[hour] {
			w.waits.all[hour].add(seconds)
			if a.shares {
				w.waits.shared[hour].add(seconds)
			}
			w.waits.passed = append(w.waits.passed, a.passed)
		}
	}
	a.looking = 0
}
