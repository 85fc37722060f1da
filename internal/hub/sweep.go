package hub

import (
	"time"
)

const (
	sweepsPerTTL = 24          // expired rows exceed their TTL by at most 1/24 of it…
	minSweep     = time.Second // … but this is the minimum time between two passes, and before a failed pass continues

	sweepRows    = 128 // the maximum number of rows deleted in one transaction…
	fewSweepRows = 32  // … and the minimum, where a sync alone takes longer than sweepTarget
	sweepTarget  = 5 * time.Millisecond
	sweepRest    = 3                // a pass rests for this many times the duration of its last transaction…
	sweepMinRest = time.Millisecond // … and at least this long
)

// sweeper deletes the rows of sessions that were not resumed in time. It works in passes, each of which continues until no
// such row is left. Transactions are small, so that a commit hardly waits for one, and the rest between two leaves most of
// the committer's time to commits. It belongs to the committer.
type sweeper struct {
	every time.Duration // between two passes
	rows  int           // of the next transaction
	pause time.Duration // after the last failure; 0 if the last transaction succeeded
}

func newSweeper(ttl time.Duration) *sweeper {
	return &sweeper{every: max(ttl/sweepsPerTTL, minSweep), rows: sweepRows}
}

// sweep runs one transaction of a pass, and returns when the next is due. After a transient error it backs off; it returns
// any other error.
func (h *Hub) sweep(s *sweeper) (again time.Duration, err error) {
	now := h.cfg.Clock.Moment(h.cfg.SweepAfter)
	if now.Unsure {
		return minSweep, nil
	}
	asked := s.rows
	began := h.watch.begin()
	n, mailBytes, err := h.cfg.Store.Sweep(now.Wall.Add(-h.cfg.SessionTTL), asked)
	took := h.watch.end(began)
	switch {
	case err != nil && !transient(err):
		return 0, err
	case err != nil:
		return s.failed(), nil
	}
	h.mu.Lock()
	h.lobby.Swept(n, mailBytes)
	h.room.Broadcast()
	h.mu.Unlock()
	return s.swept(n, asked, mailBytes, took), nil
}

// failed returns when to retry: after 1 s, doubled each time up to the time between two passes.
func (s *sweeper) failed() time.Duration {
	s.pause = min(max(2*s.pause, minSweep), s.every)
	return s.pause
}

// swept sizes the next transaction by the duration of this one, and returns when it is due. A store deletes fewer rows
// than it was asked to only if there are no more, or if it also deleted mail.
func (s *sweeper) swept(n, asked int, mailBytes int64, took time.Duration) time.Duration {
	s.pause = 0
	switch {
	case took > 2*sweepTarget:
		s.rows = max(s.rows/2, fewSweepRows)
	case took < sweepTarget && n == asked:
		s.rows = min(2*s.rows, sweepRows)
	}
	if n < asked && mailBytes == 0 {
		return s.every
	}
	return max(sweepRest*took, sweepMinRest)
}
