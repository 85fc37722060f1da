package ws

import (
	"sync"

	"golang.org/x/sys/unix"
)

// poller waits for all its parked Conns at once (epoll(7)). One goroutine leads: it serves the Conns that are ready, one
// after the other. Before a Conn blocks it, it hands the lead to another goroutine and continues with that Conn alone,
// which is parked again when nothing is left to read. So a Conn at rest costs no goroutine, a small frame no goroutine
// switch, and a slow client delays no other.
type poller struct {
	epoll *epoll

	mu      sync.Mutex
	parked  []*Conn // by slot; nil is free
	free    []int32 // slots
	backlog []int32 // slots that are ready, left by a leader
}

// leader is a goroutine that serves the ready Conns.
type leader struct {
	p     *poller
	ready []int32 // slots; the end of queue that is not served yet
	queue []int32
	catch *catch
}

var leaders = sync.Pool{New: func() any { return &leader{catch: newCatch()} }}

func newPoller() (*poller, error) {
	epoll, err := newEpoll()
	if err != nil {
		return nil, err
	}
	p := &poller{epoll: epoll}
	go p.lead()
	return p, nil
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
func (p *poller) lead() {
	l := leaders.Get().(*leader)
	defer leaders.Put(l)
	l.p = p
	for l.await() == nil {
		for len(l.ready) > 0 {
			c := p.at(l.ready[0])
			l.ready = l.ready[1:]
			if c == nil {
				continue
			}
			c.leader = l
			err := c.turn()
			switch {
			case c.leader == nil: // it has handed over
				c.goOn(err)
				return
			case err != nil:
				c.leader = nil
				p.unpark(c)
				go c.finish(err)
			default:
				c.leader = nil
			}
		}
	}
}

func (p *poller) at(slot int32) *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.parked[slot]
}

// await waits until a Conn is ready.
func (l *leader) await() error {
	l.p.mu.Lock()
	l.queue = append(l.queue[:0], l.p.backlog...)
	l.p.backlog = l.p.backlog[:0]
	l.p.mu.Unlock()
	var err error
	if len(l.queue) == 0 {
		var events []unix.EpollEvent
		events, err = l.catch.wait(l.p.epoll)
		for _, event := range events {
			l.queue = append(l.queue, event.Fd)
		}
	}
	l.ready = l.queue
	return err
}

// handOver makes the caller serve c alone.
func (l *leader) handOver(c *Conn) {
	c.leader = nil
	l.p.unpark(c)
	l.p.mu.Lock()
	l.p.backlog = append(l.p.backlog, l.ready...)
	l.p.mu.Unlock()
	l.ready = nil
	go l.p.lead()
}
