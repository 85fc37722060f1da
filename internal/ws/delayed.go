package ws

import (
	"maps"
	"sync"
)

// delayed counts the sockets whose reader waits at a rate. The zero value is ready for use.
type delayed struct {
	mu sync.Mutex
	by map[uint64]int // by ID of a network; those that have none are not in it
}

// add adds n sockets of a network.
func (d *delayed) add(id uint64, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.by == nil {
		d.by = map[uint64]int{}
	}
	if d.by[id] += n; d.by[id] == 0 {
		delete(d.by, id)
	}
}

// count returns the number of all sockets, and of those of each network.
func (d *delayed) count() (all int, by map[uint64]int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range d.by {
		all += n
	}
	return all, maps.Clone(d.by)
}
