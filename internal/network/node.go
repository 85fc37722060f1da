package network

// one is the weight of one socket of a /64 or an IPv4 address: in sixteenths, because a /48 may hold 16 times as much.
const one = 1 << 4

// node is a network at one level, in a tree: an IPv4 network and a /48 below the root, a /56 and a /64 below those.
// Networks with a spare socket form a heap below the wider one, with the heaviest first.
type node[T any] struct {
	id         uint64
	up         *node[T]
	kids       []*node[T] // a heap
	head, tail *Member[T] // at the lowest level: the spare sockets, oldest first
	count      int32      // sockets
	best       int32      // the weight of the heaviest network in here, itself included
	place      int32      // in the heap of up, counted from 1; 0: not in there
	level      uint8
}

// leaf returns the node of a network, and makes it if there is none. The caller holds mu.
func (c *Crowd[T]) leaf(from Network) *node[T] {
	leaf := c.nodes[from.ids[0]]
	if leaf != nil {
		return leaf
	}
	up := &c.root
	for level := levels - 1; level >= 0; level-- {
		id := from.ids[level]
		if id == 0 && level > 0 {
			continue
		}
		n := c.nodes[id]
		if n == nil {
			n = &node[T]{id: id, up: up, level: uint8(level)}
			c.nodes[id] = n
		}
		up = n
	}
	return up
}

// weight returns the weight of a network that holds n sockets.
func weight(n int32, level uint8) int32 { return n * (one >> widths[level]) }

// weightWith returns the weight of a network, or of a wider one if that is more, once it has one more socket. The caller
// holds mu.
func (c *Crowd[T]) weightWith(newcomer Network) int32 {
	most := int32(one)
	for level, id := range newcomer.ids {
		if n := c.nodes[id]; id != 0 && n != nil {
			most = max(most, weight(n.count+1, uint8(level)))
		}
	}
	return most
}

// settle restores the order of the heaps after a change of a leaf. The caller holds mu.
func (c *Crowd[T]) settle(n *node[T]) {
	for ; n != &c.root; n = n.up {
		n.best = weight(n.count, n.level)
		if len(n.kids) > 0 {
			n.best = max(n.best, n.kids[0].best)
		}
		n.up.arrange(n)
	}
}

// link appends m to the spare sockets.
func (n *node[T]) link(m *Member[T]) {
	m.prev, m.next = n.tail, nil
	if n.tail == nil {
		n.head = m
	} else {
		n.tail.next = m
	}
	n.tail = m
}

// unlink removes m from the spare sockets.
func (n *node[T]) unlink(m *Member[T]) {
	if m.prev == nil {
		n.head = m.next
	} else {
		m.prev.next = m.next
	}
	if m.next == nil {
		n.tail = m.prev
	} else {
		m.next.prev = m.prev
	}
	m.prev, m.next = nil, nil
}

// heaviest returns the leaf with the heaviest network at its lowest level. It must hold a spare socket.
func (n *node[T]) heaviest() *node[T] {
	for len(n.kids) > 0 {
		n = n.kids[0]
	}
	return n
}

// before reports whether n comes before other: it is heavier, or as heavy with an older spare socket.
func (n *node[T]) before(other *node[T]) bool {
	if n.best != other.best {
		return n.best > other.best
	}
	return n.heaviest().head.number < other.heaviest().head.number
}

// arrange puts kid into its place in the heap, or takes it out if no socket in it is spare.
func (n *node[T]) arrange(kid *node[T]) {
	switch listed := kid.head != nil || len(kid.kids) > 0; {
	case listed && kid.place == 0:
		n.kids = append(n.kids, kid)
		kid.place = int32(len(n.kids))
		n.rise(kid)
	case listed:
		n.rise(kid)
		n.sink(kid)
	case kid.place > 0:
		last := n.kids[len(n.kids)-1]
		if last != kid {
			n.swap(kid, last)
		}
		n.kids[len(n.kids)-1] = nil
		n.kids = n.kids[:len(n.kids)-1]
		kid.place = 0
		if last != kid {
			n.rise(last)
			n.sink(last)
		}
	}
}

func (n *node[T]) swap(a, b *node[T]) {
	a.place, b.place = b.place, a.place
	n.kids[a.place-1], n.kids[b.place-1] = a, b
}

// rise moves kid toward the front.
func (n *node[T]) rise(kid *node[T]) {
	for kid.place > 1 {
		above := n.kids[kid.place/2-1]
		if !kid.before(above) {
			return
		}
		n.swap(kid, above)
	}
}

// sink moves kid toward the end.
func (n *node[T]) sink(kid *node[T]) {
	for {
		first := kid
		for i := 2 * int(kid.place); i <= 2*int(kid.place)+1 && i <= len(n.kids); i++ {
			if below := n.kids[i-1]; below.before(first) {
				first = below
			}
		}
		if first == kid {
			return
		}
		n.swap(kid, first)
	}
}
