package ws

import (
	"runtime"

	"chatme/internal/chat"
)

// poller returns the poller in which a Conn is parked.
func (e *Endpoint) poller(id chat.ConnID) *poller {
	return e.pollers[uint64(id)%uint64(len(e.pollers))]
}

func (e *Endpoint) startPollers() (err error) {
	if e.reads, err = newWaiter(moreToRead); err != nil {
		return err
	}
	if e.writes, err = newWaiter(roomToWrite); err != nil {
		return err
	}
	for range runtime.GOMAXPROCS(0) {
		p, err := newPoller()
		if err != nil {
			return err
		}
		e.pollers = append(e.pollers, p)
	}
	for _, p := range e.pollers {
		p.start(e.pollers)
	}
	return nil
}

func (e *Endpoint) stopPollers() {
	for _, p := range e.pollers {
		p.stop()
	}
	for _, w := range []*waiter{e.reads, e.writes} {
		if w != nil {
			w.stop()
		}
	}
}
