package ws

import "sync"

// poller waits for all its parked Conns at once (epoll(7)). One goroutine leads: it serves the Conns that are ready, one
// after the other. Before a Conn blocks it, it hands the lead to another goroutine and continues with that Conn alone,
// which is parked again when nothing is left to read. So a Conn at rest costs no goroutine, a small frame no goroutine
// switch, and a slow client delays no other.
//
// A leader that does not come to rest also serves the Conns of other pollers, whose leaders may wait for a processor: as
// long as this one keeps it, which may be milliseconds.
type poller struct {
	epoll   *epoll
	others  []*poller
	serving sync.Mutex // held while ready Conns are served, from the moment they are looked for

	mu     sync.Mutex
	parked []*Conn // by slot; nil is free
	free   []int32 // slots
}

// helpsAfter is how many Conns a leader serves without a rest before it looks at another poller.
const helpsAfter = 32

// leader is a goroutine that serves the ready Conns.
type leader struct {
	home   *poller // whose Conns it waits for
	at     *poller // whose Conns it serves; it holds serving of this one
	ready  []int32 // slots there; the end of queue that is not served yet
	queue  []int32
	served int // Conns, since it last came to rest or helped
	helps  int // how often it has looked at another poller

	catch *catch
	poll  func(epoll uintptr) bool // kept, to avoid allocating it each time
}

var leaders = sync.Pool{New: func() any {
	l := &leader{catch: newCatch()}
	l.poll = l.look
	return l
}}

func newPoller() (*poller, error) {
	epoll, err := newEpoll()
	if err != nil {
		return nil, err
	}
	return &poller{epoll: epoll}, nil
}

// start begins to serve; all pollers, of which p is one, help each other.
func (p *poller) start(all []*poller) {
	for _, other := range all {
		if other != p {
			p.others = append(p.others, other)
		}
	}
	l := leaders.Get().(*leader)
	l.home = p
	go l.lead()
}

func (p *poller) stop() { p.epoll.close() }

// park schedules c to be served when there is something to read, and reports whether it could. The caller MUST NOT use
// the state of the reader of c after that.
func (p *poller) park(c *Conn) bool {
	fd := c.socket.fd
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		c.slot = p.free[n-1]
		p.free = p.free[:n-1]
	} else {
		c.slot = int32(len(p.parked))
		p.parked = append(p.parked, nil)
	}
	slot := c.slot
	p.parked[slot] = c
	p.mu.Unlock()
	if p.epoll.add(fd, readable, slot) == nil {
		return true
	}
	p.vacate(slot)
	return false
}

// count returns the number of parked Conns.
func (p *poller) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.parked) - len(p.free)
}

// unpark removes c, whose turn it is.
func (p *poller) unpark(c *Conn) {
	p.epoll.remove(c.socket.fd)
	p.vacate(c.slot)
}

func (p *poller) vacate(slot int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parked[slot] = nil
	p.free = append(p.free, slot)
}

// lead serves ready Conns until the poller is stopped or a Conn is about to block it.
func (l *leader) lead() {
	defer leaders.Put(l)
	for l.serve() && l.help() && l.await() == nil {
	}
}

// serve serves the ready Conns. It returns false if l has handed over.
func (l *leader) serve() bool {
	for len(l.ready) > 0 {
		c := l.at.at(l.ready[0])
		l.ready = l.ready[1:]
		if c == nil {
			continue
		}
		l.served++
		c.leader = l
		err := c.turn()
		switch {
		case c.leader == nil: // it has handed over
			c.goOn(err)
			return false
		case err != nil:
			c.leader = nil
			l.at.unpark(c)
			go c.finish(err)
		default:
			c.leader = nil
		}
	}
	if l.at != nil {
		l.at.serving.Unlock()
		l.at = nil
	}
	return true
}

// help serves Conns of another poller if l has not come to rest for long. It returns false if l has handed over.
func (l *leader) help() bool {
	if l.served < helpsAfter || len(l.home.others) == 0 {
		return true
	}
	l.served = 0
	l.helps++
	other := l.home.others[l.helps%len(l.home.others)]
	if !other.serving.TryLock() {
		return true
	}
	if l.catch.try(other.epoll); l.catch.n == 0 {
		other.serving.Unlock()
		return true
	}
	l.take(other)
	return l.serve()
}

// await waits until a Conn of its own poller is ready.
func (l *leader) await() error { return l.catch.wait(l.home.epoll, l.poll) }

// look looks for ready Conns of its own poller, and reports whether not to wait for one.
func (l *leader) look(epoll uintptr) bool {
	l.home.serving.Lock()
	over := l.catch.look(epoll)
	if l.catch.n > 0 {
		l.take(l.home)
		return true
	}
	l.served = 0
	l.home.serving.Unlock()
	return over
}

// take makes the Conns of p that were caught the ones to serve. The caller must hold serving of p.
func (l *leader) take(p *poller) {
	l.at = p
	l.queue = l.queue[:0]
	for _, event := range l.catch.events[:l.catch.n] {
		l.queue = append(l.queue, event.Fd)
	}
	l.ready = l.queue
}

// handOver makes the caller serve c alone.
func (l *leader) handOver(c *Conn) {
	c.leader = nil
	l.at.unpark(c)
	next := leaders.Get().(*leader)
	next.home, next.at, next.served = l.home, l.at, l.served
	next.queue = append(next.queue[:0], l.ready...)
	next.ready = next.queue
	l.at, l.ready = nil, nil
	go next.lead()
}

func (p *poller) at(slot int32) *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.parked[slot]
}
