package ws

import (
	"time"

	"chatme/internal/chat"
	"chatme/internal/hub"
	"chatme/internal/network"
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

// Networks returns the networks that hold most sockets, at most the given number, the largest first.
func (e *Endpoint) Networks(most int) []network.Holding { return e.crowd.Top(most) }

// LargestNetwork returns the network that opened most of the sockets of the last hour, 0 for clients of unknown networks,
// its share, and the number of those sockets.
func (e *Endpoint) LargestNetwork() (id uint64, share float64, sockets int) {
	return e.hour.Largest(wall(e.clock()))
}

// Spread returns how many known networks have sockets, and the largest share of all sockets that one of them has.
func (e *Endpoint) Spread() (networks int, largest float64) { return e.crowd.Spread() }

// Waiting returns how many sockets wait at a rate now, and how many of each network.
func (e *Endpoint) Waiting() (sockets int, by map[uint64]int) { return e.delayed.count() }

func wall(t chat.Time) time.Time { return time.UnixMilli(int64(t)) }
