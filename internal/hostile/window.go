package hostile

import (
	"slices"
	"sync"
	"time"
)

// window is what honest clients noticed within some time. It is safe for concurrent use.
type window struct {
	mu                  sync.Mutex
	relay, photo, match []time.Duration
	enter, mail         []time.Duration
}

func (w *window) relayed(d time.Duration, photo bool) {
	if photo {
		w.add(&w.photo, d)
	} else {
		w.add(&w.relay, d)
	}
}

func (w *window) mailed(d time.Duration)  { w.add(&w.mail, d) }
func (w *window) matched(d time.Duration) { w.add(&w.match, d) }
func (w *window) arrived(d time.Duration) { w.add(&w.enter, d) }

func (w *window) add(to *[]time.Duration, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*to = append(*to, d)
}

// figures are the results of a window.
type figures struct {
	Messages int     `json:"messages"`
	Matches  int     `json:"matches"`
	RelayP50 float64 `json:"relay_p50_ms"`
	RelayP99 float64 `json:"relay_p99_ms"`
	MatchP50 float64 `json:"match_p50_ms"` // from search to matched
	MatchP99 float64 `json:"match_p99_ms"`
	PhotoP50 float64 `json:"photo_p50_ms"` // 200 KiB
	PhotoP99 float64 `json:"photo_p99_ms"`
	MailP50  float64 `json:"mail_p50_ms"` // from the dial of a client that was away to the message held for it
	MailP99  float64 `json:"mail_p99_ms"`
	EnterP50 float64 `json:"enter_p50_ms"` // from the dial to the session
	EnterP99 float64 `json:"enter_p99_ms"`
}

func (w *window) figures() figures {
	w.mu.Lock()
	defer w.mu.Unlock()
	return figures{
		len(w.relay), len(w.match),
		ms(quantile(w.relay, 0.5)), ms(quantile(w.relay, 0.99)),
		ms(quantile(w.match, 0.5)), ms(quantile(w.match, 0.99)),
		ms(quantile(w.photo, 0.5)), ms(quantile(w.photo, 0.99)),
		ms(quantile(w.mail, 0.5)), ms(quantile(w.mail, 0.99)),
		ms(quantile(w.enter, 0.5)), ms(quantile(w.enter, 0.99)),
	}
}

// quantile returns the smallest value that the share q of all does not exceed; 0 if there is none.
func quantile[T int | time.Duration](values []T, q float64) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
