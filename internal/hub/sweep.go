package hub

import (
	"time"
)

const (
	sweepsPerTTL = 24          // expired rows outlive their time by a 24th of it at most…
	minSweep     = time.Second // … but there is never less time between two passes, nor before one that failed goes on

	sweepRows    = 128 // most rows deleted in one transaction…
	fewSweepRows = 32  // … and least, where a sync alone takes longer than sweepTarget
	sweepTarget  = 5 * time.Millisecond
	sweepRest    = 3                // a pass rests for so many times as long as its last transaction took…
	sweepMinRest = time.Millisecond // … and no less
)

// sweeper deletes the rows of sessions that were not resumed in time: in passes, each of which goes on until none is left,
// in transactions so small that a commit behind one hardly waits, and with a rest between two that leaves most of the
// committer's time to commits. It belongs to the committer.
type sweeper struct {
	every time.Duration // between two passes
	rows  int           // of the next transaction
	pause time.Duration // after the last failure; 0: the last transaction succeeded
}

func newSweeper(ttl time.Duration) *sweeper {
	return &sweeper{every: max(ttl/sweepsPerTTL, minSweep), rows: sweepRows}
}

// sweep is one transaction of a pass, and returns when the next is due. An error that is transient backs off; any other is
// returned.
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
	h.lobby.Swept(mailBytes)
	h.mu.Unlock()
	return s.swept(n, asked, mailBytes, took), nil
}

// failed returns when to try again: after a second, and each time after twice as long, up to the time between two passes.
func (s *sweeper) failed() time.Duration {
	s.pause = min(max(2*s.pause, minSweep), s.every)
	return s.pause
}

// swept sizes the next transaction by what this one took, and returns when it is due. A store deletes fewer rows than it
// was asked for only if there are no more, or if mail went with them.
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
