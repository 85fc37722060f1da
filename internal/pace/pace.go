package pace

import (
	"context"
	"sync"
	"time"
)

const (
	// most bounds the multiple, mostWaited that of Waited.
	most, mostWaited = 20, 5
	// A measurement is valid for fresh, or for rest times as long as it took if that is longer, so that callers rarely wait.
	fresh, rest = time.Second, 10
	// fading is the share of an earlier multiple that remains at the next measurement: load comes and goes.
	fading = 0.95
)

// Of returns d times as long as a round trip takes now, compared with an idle machine: d or more, and at most 20 × d.
func Of(d time.Duration) time.Duration { return machine.of(d) }

// Waited is Of for a wait that always takes its full time: d or more, and at most 5 × d.
func Waited(d time.Duration) time.Duration { return min(Of(d), mostWaited*d) }

// Until calls holds until it returns true, and reports whether it did so within Of(d) and before ctx ended. A machine that
// becomes busy meanwhile gets more time.
func Until(ctx context.Context, d time.Duration, holds func() bool) bool {
	return machine.until(ctx, d, holds)
}

// Over returns a channel that is closed once Of(d) has passed or ctx has ended. Nothing is measured before d has passed, so
// that a measurement does not disturb what is in time.
func Over(ctx context.Context, d time.Duration) <-chan struct{} {
	return machine.over(ctx, d)
}

// WithTimeout returns a copy of ctx that ends with context.DeadlineExceeded once Of(d) has passed. A machine that becomes busy
// meanwhile gets more time.
func WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return machine.withTimeout(ctx, d)
}

// look is how often Until calls holds.
const look = 2 * time.Millisecond

var machine = gauge{measure: measure}

// gauge remembers the latest measurement. It is safe for concurrent use.
type gauge struct {
	measure func() float64 // how many times longer than on an idle machine a round trip takes

	mu       sync.Mutex // held during a measurement
	next     time.Time  // when to measure again
	multiple float64
}

func (g *gauge) of(d time.Duration) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if began := time.Now(); began.After(g.next) {
		g.multiple = min(max(1, g.measure(), g.multiple*fading), most)
		now := time.Now()
		g.next = now.Add(max(fresh, rest*now.Sub(began)))
	}
	return time.Duration(float64(d) * g.multiple)
}

func (g *gauge) over(ctx context.Context, d time.Duration) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		g.wait(ctx, d)
	}()
	return over
}

// wait waits until Of(d) has passed, and reports whether it has; false: ctx ended before.
func (g *gauge) wait(ctx context.Context, d time.Duration) bool {
	began := time.Now()
	for left := d; left > 0; left = g.of(d) - time.Since(began) {
		if !Pause(ctx, left) {
			return false
		}
	}
	return true
}

func (g *gauge) until(ctx context.Context, d time.Duration, holds func() bool) bool {
	tick := time.NewTicker(look)
	defer tick.Stop()
	began, limit := time.Now(), d
	for !holds() {
		if took := time.Since(began); took > limit {
			if limit = g.of(d); took > limit {
				return false
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}
