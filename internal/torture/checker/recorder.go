package checker

import (
	"sync"
	"time"
)

// Recorder records what all clients of one process see, in one order and by one monotonic clock. It is safe for
// concurrent use.
type Recorder struct {
	began time.Time // static; carries the monotonic clock

	mu     sync.Mutex
	events []Event
	pongs  int // number of pongs in events
}

// NewRecorder returns an empty history that starts now.
func NewRecorder() *Recorder { return &Recorder{began: time.Now()} }

// Add records e as happening now.
func (r *Recorder) Add(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Seq, e.At = len(r.events), time.Since(r.began)
	r.events = append(r.events, e)
	if e.sent("pong") {
		r.pongs++
	}
}

// Len returns the number of events so far, without pongs, which show no progress.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.events) - r.pongs
}

// Events returns the history so far. The caller must not change it.
func (r *Recorder) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events[:len(r.events):len(r.events)]
}
