package app

import (
	"context"
	"fmt"

	"chatme/internal/exit"
	"chatme/internal/store"
)

// recordFailedStart ends the row of a start that fails after it was written: without an end it would count as killed. Why
// is in the log, for the error may hold anything; the exit code tells which kind it was.
func (s *instance) recordFailedStart(ctx context.Context, failure error) {
	if s.started.Boot == 0 {
		return // there is no row
	}
	reason := fmt.Sprintf("%s (exit code %d)", store.FailedStart, exit.Code(failure))
	if ctx.Err() != nil {
		reason = "stopped while starting"
	}
	s.clock.Stop()
	if err := s.db.End(reason, s.clock.Moment(0).Wall); err != nil {
		s.log.Warn("failed start could not be recorded", "error", err)
	}
}
