package load

import "math/bits"

// Histogram counts durations in buckets that are at most a sixty-fourth of their value wide.
type Histogram struct {
	counts [58*64 + 64]uint32
	total  int
	most   int64
}

// add counts a duration in nanoseconds.
func (h *Histogram) add(ns int64) {
	ns = max(ns, 0)
	shift := max(0, bits.Len64(uint64(ns))-7)
	h.counts[shift*64+int(ns>>shift)]++
	h.total++
	h.most = max(h.most, ns)
}

// quantile returns the duration in nanoseconds that the share q does not exceed; 0 if there are none.
func (h *Histogram) quantile(q float64) int64 {
	left := int(q * float64(h.total))
	for i, n := range h.counts {
		if left -= int(n); n == 0 || left > 0 {
			continue
		}
		shift := max(0, i/64-1)
		return min(h.most, int64(i-shift*64+1)<<shift-1)
	}
	return h.most
}

func (h *Histogram) us(q float64) int64 { return (h.quantile(q) + 500) / 1000 }
