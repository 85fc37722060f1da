package checker

import (
	"sync"
	"time"
)

// Recorder keeps what all clients of one process saw, in one order and by one monotonic clock. Its methods may be
// called from any goroutine.
type Recorder struct {
	began time.Time // static; carries the monotonic clock

	mu     sync.Mutex
	events []Event
	pongs  int // of events
}

// NewRecorder returns an empty history that begins now.
func NewRecorder() *Recorder { return &Recorder{began: time.Now()} }

// Add records e as what happens now.
func (r *Recorder) Add(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Seq, e.At = len(r.events), time.Since(r.began)
	r.events = append(r.events, e)
	if e.sent("pong") {
		r.pongs++
	}
}

// Len counts the events so far, but for pongs, which do not show that anything happens.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.events) - r.pongs
}

// Events returns the history so far. Nobody may change it.
func (r *Recorder) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events[:len(r.events):len(r.events)]
}
