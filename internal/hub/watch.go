package hub

import (
	"sync/atomic"
	"time"
)

// commitWatch tells how long the write under way has had no result.
type commitWatch struct {
	epoch time.Time    // static: what since is counted from
	since atomic.Int64 // when the write under way began, in nanoseconds since epoch; 0: there is none
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

// end marks that the write that began then has a result, good or bad, and returns how long that took.
func (w *commitWatch) end(began time.Time) time.Duration {
	w.since.Store(0)
	return time.Since(began)
}

// CommittingFor returns how long the write to the store that is under way has had no result, good or bad; 0 while
// the committer is idle or pauses between two tries. It takes no lock, so that who watches over a stuck hub is not
// stuck himself.
func (h *Hub) CommittingFor() time.Duration {
	since := h.watch.since.Load()
	if since == 0 {
		return 0
	}
	return time.Since(h.watch.epoch) - time.Duration(since)
}

// Failure returns why the last try to commit failed, nil if it did not: changes wait until it succeeds.
func (h *Hub) Failure() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failure
}
