package network

import "sync"

// Crowd holds the sockets of a server by network, and knows which of them a newcomer may displace: the oldest spare one
// of the network that holds most. The counts are exact, whatever the hashes of others are, and take no more memory than
// the sockets do. The clients of unknown networks are one network here, to lose sockets only. No operation takes longer
// with more sockets, except for Top and, logarithmically, the order of the networks. A Crowd is safe for concurrent use.
type Crowd[T any] struct {
	mu    sync.Mutex
	nodes map[uint64]*node[T] // by ID, of all levels; 0 is the unknown network
	root  node[T]
	size  int
	last  uint64 // number of the latest spare Member
}

// Member is one socket in a Crowd. Its fields belong to the Crowd.
type Member[T any] struct {
	of         T
	leaf       *node[T]   // nil: not in the Crowd
	prev, next *Member[T] // the spare ones of its network
	number     uint64     // rises with the time at which it became spare
	state      state
}

// state is what may happen to a Member.
type state uint8

const (
	engaged state = iota
	spare
	displaced // and will leave
)

// NewCrowd returns an empty Crowd.
func NewCrowd[T any]() *Crowd[T] { return &Crowd[T]{nodes: map[uint64]*node[T]{}} }

// Join adds m, which stands for of, as a spare socket of from. It must not be in a Crowd.
func (c *Crowd[T]) Join(m *Member[T], of T, from Network) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m.of, m.leaf = of, c.leaf(from)
	for n := m.leaf; n != &c.root; n = n.up {
		n.count++
	}
	c.size++
	c.list(m)
}

// Leave removes m, if it is in c.
func (c *Crowd[T]) Leave(m *Member[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.leaf == nil {
		return
	}
	if m.state == spare {
		m.leaf.unlink(m)
	}
	leaf := m.leaf
	*m = Member[T]{}
	c.size--
	for n := leaf; n != &c.root; n = n.up {
		n.count--
	}
	c.settle(leaf)
	for n := leaf; n != &c.root && n.count == 0; n = n.up {
		delete(c.nodes, n.id)
	}
}

// Engage makes m, which was spare, one that is not displaced. It returns false if m is displaced already, or has left.
func (c *Crowd[T]) Engage(m *Member[T]) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.state == spare {
		m.state = engaged
		m.leaf.unlink(m)
		c.settle(m.leaf)
	}
	return m.leaf != nil && m.state == engaged
}

// Spare undoes Engage.
func (c *Crowd[T]) Spare(m *Member[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.leaf != nil && m.state == engaged {
		c.list(m)
	}
}

// list makes m spare. The caller holds mu.
func (c *Crowd[T]) list(m *Member[T]) {
	c.last++
	m.state, m.number = spare, c.last
	m.leaf.link(m)
	c.settle(m.leaf)
}

// Len returns the number of Members.
func (c *Crowd[T]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}

// Displace chooses a spare socket to be closed for a newcomer from a network, if there is a network that still holds no
// less than the newcomer's after that. So N networks take no more than their N shares from the others, and two equal
// networks never take from each other in turn. A newcomer from an unknown network displaces nothing.
func (c *Crowd[T]) Displace(newcomer Network) (of T, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !newcomer.IsKnown() || len(c.root.kids) == 0 || c.root.kids[0].best-one < c.weightWith(newcomer) {
		return of, false
	}
	return c.displace(c.root.heaviest().head), true
}

// displace marks m. The caller holds mu.
func (c *Crowd[T]) displace(m *Member[T]) T {
	m.state = displaced
	m.leaf.unlink(m)
	c.settle(m.leaf)
	return m.of
}

// Choice is what to do with a socket that could be displaced.
type Choice uint8

const (
	Take Choice = iota // displace it
	Skip               // look at the next
	Stop               // displace none
)

// mostLooks bounds how many sockets one call of Oldest looks at.
const mostLooks = 64

// Oldest chooses the oldest spare socket of the network that holds most, whatever the network of the newcomer, of those
// that may says to take. held is how many sockets the network holds, a quarter of them for a /56 and a sixteenth for a
// /48; 0 if it is unknown. may must not call c.
func (c *Crowd[T]) Oldest(may func(of T, held int) Choice) (of T, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.root.kids) == 0 {
		return of, false
	}
	leaf, held, looks := c.root.heaviest(), int(c.root.kids[0].best/one), 0
	if leaf.id == 0 {
		held = 0
	}
	for m := leaf.head; m != nil && looks < mostLooks; m = m.next {
		switch may(m.of, held) {
		case Take:
			return c.displace(m), true
		case Stop:
			return of, false
		}
		looks++
	}
	return of, false
}

// Counts is how many sockets a network holds, and so do the /56 and /48 around an IPv6 one.
type Counts [levels]int

// Counts returns how many sockets from holds; none if it is unknown.
func (c *Crowd[T]) Counts(from Network) (counts Counts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for level, id := range from.ids {
		if n := c.nodes[id]; id != 0 && n != nil {
			counts[level] = int(n.count)
		}
	}
	return counts
}

// Plus returns the sum of two Counts of one network.
func (k Counts) Plus(more Counts) Counts {
	for level := range k {
		k[level] += more[level]
	}
	return k
}

// Reach reports whether the network holds limit sockets, or a wider one as many as it may.
func (k Counts) Reach(limit int) bool {
	for level, n := range k {
		if n >= limit<<widths[level] {
			return true
		}
	}
	return false
}
