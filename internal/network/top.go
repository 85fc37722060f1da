package network

import (
	"cmp"
	"slices"
)

// Holding is how many sockets one network holds.
type Holding struct {
	ID      uint64 // of the Network; 0: all clients of unknown networks
	Sockets int
	Share   float64 // of all sockets
}

// Top returns the networks that hold most sockets, at most the given number, the largest first. It takes time for each
// network.
func (c *Crowd[T]) Top(most int) []Holding {
	c.mu.Lock()
	all := make([]Holding, 0, len(c.nodes))
	for _, n := range c.nodes {
		if n.level == 0 {
			all = append(all, Holding{n.id, int(n.count), float64(n.count) / float64(c.size)})
		}
	}
	c.mu.Unlock()
	slices.SortFunc(all, func(a, b Holding) int {
		return cmp.Or(cmp.Compare(b.Sockets, a.Sockets), cmp.Compare(a.ID, b.ID))
	})
	return all[:min(len(all), most)]
}

// Spread returns how many known networks hold sockets, and the largest share of all sockets that one of them holds. It
// takes time for each network.
func (c *Crowd[T]) Spread() (networks int, largest float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	most := int32(0)
	for id, n := range c.nodes {
		if id != 0 && n.level == 0 {
			networks++
			most = max(most, n.count)
		}
	}
	return networks, float64(most) / float64(max(c.size, 1))
}
