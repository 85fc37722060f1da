package hub

import (
	"time"

	"chatme/internal/chat"
)

// NewClock returns a clock that starts at the wall clock's time and then counts on its own: setting the wall
// clock reaps nobody.
func NewClock() func() chat.Time {
	start := time.Now()
	return func() chat.Time { return chat.Time(start.UnixMilli()).Add(time.Since(start)) }
}
