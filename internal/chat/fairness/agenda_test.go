package fairness

import "chatme/internal/chat"

// planned is what an actor, or the world if who is nil, does at a moment, if its plan is still the same.
type planned struct {
	at    chat.Time
	order uint64
	who   *actor
	plan  uint64
	do    func(*world, *actor)
}

// agenda is a heap of what is planned, the soonest first; of the same moment, what was planned first.
type agenda struct {
	heap  []planned
	order uint64
}

func (g *agenda) before(i, j int) bool {
	a, b := &g.heap[i], &g.heap[j]
	return a.at < b.at || a.at == b.at && a.order < b.order
}

func (g *agenda) first() (chat.Time, bool) {
	if len(g.heap) == 0 {
		return 0, false
	}
	return g.heap[0].at, true
}

func (g *agenda) push(p planned) {
	g.order++
	p.order = g.order
	g.heap = append(g.heap, p)
	for i := len(g.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !g.before(i, parent) {
			return
		}
		g.heap[i], g.heap[parent] = g.heap[parent], g.heap[i]
		i = parent
	}
}

func (g *agenda) pop() planned {
	p, last := g.heap[0], len(g.heap)-1
	g.heap[0] = g.heap[last]
	g.heap[last] = planned{}
	g.heap = g.heap[:last]
	for i := 0; ; {
		first := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if g.before(child, first) {
				first = child
			}
		}
		if first == i {
			return p
		}
		g.heap[i], g.heap[first] = g.heap[first], g.heap[i]
		i = first
	}
}
