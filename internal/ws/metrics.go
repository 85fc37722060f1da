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

// InFlight returns how many bytes of large frames and messages are in memory.
func (e *Endpoint) InFlight() int64 { return e.budget.inUse() + e.replays.inUse() }

// observe records the time since the frame that e answers was read; e is being written now.
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
