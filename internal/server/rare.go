package server

import (
	"log/slog"
	"sync"
	"time"
)

// rareEvery is the minimum time between two warnings with the same text.
const rareEvery = time.Minute

// rareWarning warns at once, and then once a minute with the number of repetitions.
type rareWarning struct {
	log     *slog.Logger
	message string

	mu    sync.Mutex
	quiet bool  // a warning was given within the last minute
	times int   // requests since then
	args  []any // of the last request
}

func (w *rareWarning) warn(args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times, w.args = w.times+1, args
	if !w.quiet {
		w.give()
	}
}

// give writes the warning. The caller holds mu.
func (w *rareWarning) give() {
	w.log.Warn(w.message, append(w.args, "times", w.times)...)
	w.quiet, w.times = true, 0
	time.AfterFunc(rareEvery, w.minute)
}

// minute is called when the minute is over.
func (w *rareWarning) minute() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.quiet = false; w.times > 0 {
		w.give()
	}
}
