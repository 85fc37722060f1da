package hub

import (
	"sync/atomic"
	"time"
)

// commitWatch measures how long the current write has been running.
type commitWatch struct {
	epoch time.Time    // static: the origin of since
	since atomic.Int64 // when the current write began, in nanoseconds since epoch; 0 if there is none
}

func newCommitWatch() commitWatch {
	return commitWatch{epoch: time.Now().Add(-1)} // so that no moment is 0
}

// begin marks that a write begins. It and end are called by the committer only.
func (w *commitWatch) begin() (began time.Time) {
	began = time.Now()
	w.since.Store(int64(began.Sub(w.epoch)))
	return began
}

// end marks that the write has succeeded or failed, and returns how long it took.
func (w *commitWatch) end(began time.Time) time.Duration {
	w.since.Store(0)
	return time.Since(began)
}

// CommittingFor returns how long the current write to the store has been running; 0 while the committer is idle or pauses
// between two attempts. It takes no lock, so that a watchdog of a stuck hub does not get stuck itself.
func (h *Hub) CommittingFor() time.Duration {
	since := h.watch.since.Load()
	if since == 0 {
		return 0
	}
	return time.Since(h.watch.epoch) - time.Duration(since)
}

// Failure returns the error of the last attempt to commit, nil if it succeeded. Changes wait until a commit succeeds.
func (h *Hub) Failure() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failure
}
