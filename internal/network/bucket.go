package network

import "time"

// Rate is how much of something one network, socket or session may use: burst units at once, and amount units each per
// after that. It is prepared for charging; the zero Rate sets no limit.
type Rate struct {
	each  float64 // nanoseconds that a unit takes to be free again
	burst int64   // nanoseconds that burst units take
}

// NewRate returns the Rate of burst units at once and amount units each per after that. All three must be positive.
func NewRate(burst, amount int64, per time.Duration) Rate {
	each := float64(per) / float64(amount)
	return Rate{each: each, burst: int64(float64(burst) * each)}
}

// Sets reports whether r sets a limit.
func (r Rate) Sets() bool { return r.each > 0 }

// Bucket is one account of a rate: the generic cell rate algorithm (GCRA) of ITU-T I.371, as a theoretical arrival time in
// nanoseconds. The zero Bucket has its whole burst. It is not safe for concurrent use.
type Bucket int64

// Take charges n units at now, in nanoseconds on any clock that starts above the burst, and returns how long the caller
// must wait before it uses them; 0: not at all. They are charged in any case: for a caller that waits and refuses nothing.
func (b *Bucket) Take(r Rate, n, now int64) time.Duration {
	*b = Bucket(max(int64(*b), now) + r.cost(n))
	return r.wait(int64(*b), now)
}

// Wait returns how long it takes until n more units may be used, and charges nothing.
func (b Bucket) Wait(r Rate, n, now int64) time.Duration {
	return r.wait(max(int64(b), now)+r.cost(n), now)
}

// cost returns how many nanoseconds n units take.
func (r Rate) cost(n int64) int64 { return int64(float64(n) * r.each) }

// wait returns how long it takes until a debt that ends at tat is no more than the burst.
func (r Rate) wait(tat, now int64) time.Duration {
	if !r.Sets() {
		return 0
	}
	return time.Duration(max(tat-now-r.burst, 0))
}
