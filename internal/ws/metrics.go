package ws

import (
	"chatme/internal/chat"
	"chatme/internal/hub"
)

// Parked counts the sockets that have no goroutine.
func (e *Endpoint) Parked() int {
	n := 0
	for _, p := range e.pollers {
		n += p.count()
	}
	return n
}

// InFlight is how many bytes of large frames and letters are in memory.
func (e *Endpoint) InFlight() int64 { return e.budget.inUse() + e.replays.inUse() }

// observe notes how long ago the frame was read that e answers, which is written now.
func (e *Endpoint) observe(told *hub.Event) {
	if told.Arrived == 0 {
		return
	}
	m := e.cfg.Metrics
	if took := e.cfg.Clock.Since(told.Arrived); told.Kind == chat.Resumed {
		m.Resume.Observe(took)
	} else {
		m.Relay.Observe(took)
	}
}
