package ws

import (
	"time"

	"chatme/internal/chat"
)

const (
	// paceFrom is the part of a frame that may arrive as slowly as the progress deadline allows.
	paceFrom = 256 << 10
	// frameStalled is the reason of a Conn whose frame arrived too slowly.
	frameStalled = "frame stalled"
)

// pace measures how fast a large frame arrives: the room that it holds in the budget is room that others wait for.
type pace struct {
	since chat.Time // when the measuring began
	from  int       // bytes that had arrived by then
}

// restart resets the measurement after the reader has waited.
func (p *pace) restart(arrived int, now chat.Time) { p.since, p.from = now, arrived }

// isTooSlow reports whether a frame of which so many bytes have arrived is slower than Rates.Pace beyond paceFrom. Like
// between two parts of it, ProgressTimeout may pass in addition: a client in a tunnel sends nothing for a while.
func (c *Conn) isTooSlow(p *pace, arrived int) bool {
	beyond := int64(arrived - max(p.from, paceFrom))
	if beyond <= 0 {
		p.restart(p.from, c.e.recently()) // at paceFrom the time begins
		return false
	}
	limits := &c.e.live.Load().Limits
	if limits.Rates.Pace == 0 {
		return false
	}
	may := limits.ProgressTimeout + time.Duration(beyond)*time.Second/time.Duration(limits.Rates.Pace)
	return c.e.recently() > p.since.Add(may)
}
