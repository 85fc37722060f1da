package server

import (
	"log/slog"
	"sync"
	"time"
)

// rareEvery is how often the same warning is given at most.
const rareEvery = time.Minute

// rareWarning warns at once, and then once a minute with how often it was to.
type rareWarning struct {
	log     *slog.Logger
	message string

	mu    sync.Mutex
	quiet bool  // a warning was given within the last minute
	times int   // it was asked for since
	args  []any // of the last of these
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

// minute is over.
func (w *rareWarning) minute() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.quiet = false; w.times > 0 {
		w.give()
	}
}
