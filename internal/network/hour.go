package network

import (
	"sync"
	"time"
)

const (
	parts      = 6
	partLength = time.Hour / parts
	candidates = 16 // networks with a 17th of the sockets of a part are among them
)

// Hour estimates which network opened most sockets within the last hour: the algorithm of Misra and Gries over each part
// of it. The zero Hour is empty. It is safe for concurrent use.
type Hour struct {
	mu    sync.Mutex
	parts [parts]part
}

// part counts the sockets of ten minutes.
type part struct {
	number int64 // of the ten minutes, since 1970
	total  int
	most   map[uint64]int // by ID; each may be short by a 17th of total
}

// Opened counts a socket of from, opened at now.
func (h *Hour) Opened(from Network, now time.Time) {
	number := now.UnixNano() / int64(partLength)
	h.mu.Lock()
	defer h.mu.Unlock()
	p := &h.parts[number%parts]
	if p.number != number {
		*p = part{number: number, most: make(map[uint64]int, candidates)}
	}
	p.total++
	id := from.ID()
	if _, known := p.most[id]; known || len(p.most) < candidates {
		p.most[id]++
		return
	}
	for each := range p.most {
		if p.most[each]--; p.most[each] == 0 {
			delete(p.most, each)
		}
	}
}

// Largest returns the network that opened most sockets within the hour before now, 0 for those of unknown networks, its
// share of them, and how many there were. The share may be low by a 17th, and is meaningful from there on.
func (h *Hour) Largest(now time.Time) (id uint64, share float64, sockets int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	sums := map[uint64]int{}
	number := now.UnixNano() / int64(partLength)
	for i := range h.parts {
		p := &h.parts[i]
		if p.number <= number-parts || p.number > number {
			continue
		}
		sockets += p.total
		for each, n := range p.most {
			sums[each] += n
		}
	}
	most := 0
	for each, n := range sums {
		if n > most || n == most && each < id {
			id, most = each, n
		}
	}
	return id, float64(most) / float64(max(sockets, 1)), sockets
}
