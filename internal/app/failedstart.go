package app

import (
	"context"
	"fmt"

	"chatme/internal/exit"
	"chatme/internal/store"
)

// recordFailedStart ends the row of a start that failed after the row was written; without an end it would count as
// killed. The reason is only in the log, because the error may contain anything; the exit code tells its kind.
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
		s.log.Warn("failed start not recorded", "error", err)
	}
}
