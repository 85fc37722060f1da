package ws

import (
	"sync"
	"sync/atomic"
	"time"

	"chatme/internal/chat"
	"chatme/internal/protocol"
)

const (
	// keepaliveSlots is the number of parts into which the connections are divided; each tick visits one part.
	keepaliveSlots = 32
	// maxRound is the maximum time between visits of a connection: deadlines are met at most this late.
	maxRound = 2500 * time.Millisecond
	minRound = 64 * time.Millisecond
)

// keepalive visits all connections in turn: one goroutine and one ticker instead of timers per connection.
type keepalive struct {
	clock func() chat.Time
	now   atomic.Int64 // the clock at the last tick: reading the approximate time costs one load
	every atomic.Int64 // nanoseconds from tick to tick
	quit  chan struct{}
	done  chan struct{}

	slots [keepaliveSlots]struct {
		mu    sync.Mutex
		conns []*Conn // in any order; Conn.keepaliveIndex is the index
	}
}

// newKeepalive starts a keepalive that meets deadlines of at least shortest within a quarter of it.
func newKeepalive(shortest time.Duration, clock func() chat.Time) *keepalive {
	p := &keepalive{clock: clock, quit: make(chan struct{}), done: make(chan struct{})}
	p.now.Store(int64(clock()))
	p.speedUp(shortest)
	go p.walk()
	return p
}

// speedUp sets the pace so that deadlines of at least shortest are met within a quarter of it, from the next tick on.
func (p *keepalive) speedUp(shortest time.Duration) {
	round := min(max(shortest/4, minRound), maxRound)
	p.every.Store(int64(round / keepaliveSlots))
}

func (p *keepalive) stop() {
	close(p.quit)
	<-p.done
}

func (p *keepalive) walk() {
	defer close(p.done)
	every := p.every.Load()
	ticker := time.NewTicker(time.Duration(every))
	defer ticker.Stop()
	for i := 0; ; i = (i + 1) % keepaliveSlots {
		select {
		case <-ticker.C:
		case <-p.quit:
			return
		}
		if pace := p.every.Load(); pace != every {
			every = pace
			ticker.Reset(time.Duration(every))
		}
		now := p.clock()
		p.now.Store(int64(now))
		slot := &p.slots[i]
		slot.mu.Lock()
		for _, c := range slot.conns {
			c.visit(now)
		}
		slot.mu.Unlock()
	}
}

func (p *keepalive) add(c *Conn) {
	slot := &p.slots[uint64(c.id)%keepaliveSlots]
	slot.mu.Lock()
	defer slot.mu.Unlock()
	c.keepaliveIndex = int32(len(slot.conns))
	slot.conns = append(slot.conns, c)
}

// remove removes c; the last Conn takes its place.
func (p *keepalive) remove(c *Conn) {
	slot := &p.slots[uint64(c.id)%keepaliveSlots]
	slot.mu.Lock()
	defer slot.mu.Unlock()
	end := len(slot.conns) - 1
	last := slot.conns[end]
	slot.conns[c.keepaliveIndex], last.keepaliveIndex = last, c.keepaliveIndex
	slot.conns[end] = nil
	slot.conns = slot.conns[:end]
}

// all returns all connections.
func (p *keepalive) all() []*Conn {
	var all []*Conn
	for i := range p.slots {
		slot := &p.slots[i]
		slot.mu.Lock()
		all = append(all, slot.conns...)
		slot.mu.Unlock()
	}
	return all
}

// recently returns the server time of the last tick of the keepalive.
func (e *Endpoint) recently() chat.Time { return chat.Time(e.keepalive.now.Load()) }

// stuck reports whether a write has blocked for too long.
func (c *Conn) stuck(now chat.Time, timeout time.Duration) bool {
	since := chat.Time(c.blocked.Load())
	return since != 0 && now > since.Add(timeout)
}

// visit does what is due for one connection. It does not block.
func (c *Conn) visit(now chat.Time) {
	limits := &c.e.live.Load().Limits
	busy := c.busy.Load() // must be read before the fields that its end sets
	silent := now - chat.Time(c.seen.Load())
	if busy {
		silent = 0 // we are not reading; the peer may well be sending
	}
	dead := limits.DeadAfterLegacy
	if c.resumable.Load() {
		dead = limits.DeadAfter
	}
	progress := chat.Time(c.progress.Load())
	switch {
	case silent > chat.Time(dead.Milliseconds()):
		c.abort("silent")
	case !busy && c.unanswered(now, chat.Time(dead.Milliseconds())):
		c.abort("ping not answered")
	case c.stuck(now, limits.ProgressTimeout):
		c.abort(writeFailed)
	case progress != 0 && !busy && now > progress.Add(limits.ProgressTimeout):
		c.abort(frameStalled)
	case !c.authed.Load() && !busy && now > c.opened.Add(limits.AuthTimeout):
		c.close(protocol.CloseAuthTimeout, protocol.TextAuthTimeout, "no auth in time")
	}
	c.mu.Lock()
	pings := false
	switch {
	case c.closing != 0 && c.out.len() > 0 && !c.out.open():
		c.setClosing(now) // the close waits for a commit, not for the peer
	case c.closing != 0 && now > c.closing.Add(closeStuck):
		c.cut("close timed out")
	case c.closing == 0 && now >= c.pinged.Add(c.e.cfg.PingInterval):
		c.pinged = now
		c.pingDue, pings = true, true
	}
	c.mu.Unlock()
	if pings {
		c.Flush()
	}
}
