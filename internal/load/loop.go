package load

import (
	"context"
	"errors"
	"time"

	"chatme/internal/pace"
)

const (
	// tick is the longest time between two checks of what is due.
	tick = int64(10 * time.Millisecond)
	// ConnectWithin bounds the time to connect all clients on an idle machine, which takes a tenth of it.
	ConnectWithin = time.Minute
)

// run serves the sockets until done returns true, ctx ends, or a connection is lost.
func (l *Loop) run(ctx context.Context, done func(now int64) bool) error {
	nextTick := int64(0)
	for {
		now := l.now()
		if now >= nextTick {
			nextTick = now + tick
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		next := nextTick
		for _, due := range l.dues {
			next = min(next, due(now))
		}
		if l.err != nil {
			return l.err
		}
		if done(now) {
			return nil
		}
		if err := l.wait(next, l.ready); err != nil {
			return err
		}
	}
}

// runFor serves the sockets for a duration.
func (l *Loop) runFor(ctx context.Context, d time.Duration) error {
	end := l.now() + int64(d)
	return l.run(ctx, func(now int64) bool { return now >= end })
}

// RunUntil serves the sockets until done returns true. It returns an error if that takes too long.
func (l *Loop) RunUntil(ctx context.Context, within time.Duration, what string, done func() bool) error {
	began, limit, late := l.now(), int64(within), false
	err := l.run(ctx, func(now int64) bool {
		if late = now-began > limit; late { // measure only when late, so as not to disturb what is in time
			limit = int64(pace.Of(within))
			late = now-began > limit
		}
		return late || done()
	})
	if err == nil && late {
		return errors.New(what + " took too long")
	}
	return err
}

// People returns n connections that are not connected yet.
func People(n int, old bool) []*Conn {
	conns := make([]*Conn, n)
	for i := range conns {
		conns[i] = &Conn{who: i, old: old, stage: goneStage}
	}
	return conns
}

// Arrive connects all, at most dialers at a time, and waits until each is greeted. h counts how long each takes from its
// dial to its greeting.
func (l *Loop) Arrive(ctx context.Context, conns []*Conn, dialers int, h *Histogram) error {
	return l.arrive(ctx, conns, dialers, h, func(c *Conn, here func(*Conn)) { c.greets = here })
}

// ArriveSearching is Arrive for clients that search when they are greeted. Each has arrived once it is told that it is
// searching.
func (l *Loop) ArriveSearching(ctx context.Context, conns []*Conn, dialers int, h *Histogram) error {
	return l.arrive(ctx, conns, dialers, h, func(c *Conn, here func(*Conn)) {
		c.greets = func(c *Conn) { c.Say(`{"type":"search"}`) }
		c.Hears = func(c *Conn, m *Heard) {
			if string(m.Kind) == "searching" {
				here(c)
				c.Hears = nil
			}
		}
	})
}

// arrive connects all. await makes a connection call here once, when it has arrived.
func (l *Loop) arrive(ctx context.Context, conns []*Conn, dialers int, h *Histogram, await func(c *Conn, here func(*Conn))) error {
	begun, here := 0, 0
	for _, c := range conns {
		await(c, func(c *Conn) {
			here++
			h.add(l.now() - c.began)
		})
	}
	defer l.always(func(int64) int64 {
		for begun < len(conns) && begun-here < dialers && l.err == nil {
			if err := l.connect(conns[begun]); err != nil {
				l.err = err
			}
			begun++
		}
		return notDue
	})()
	return l.RunUntil(ctx, ConnectWithin, "connecting", func() bool { return here == len(conns) })
}

const notDue = int64(1<<63 - 1)

// always makes the loop call due until the returned function is called.
func (l *Loop) always(due func(now int64) (next int64)) (stop func()) {
	before := l.dues
	l.dues = append(before[:len(before):len(before)], due)
	return func() { l.dues = before }
}

// delays are connections with something to do later, in the order in which they are due.
type delays struct {
	waiting []delay
	first   int
}

type delay struct {
	conn *Conn
	by   int64
}

func (d *delays) add(c *Conn, by int64) { d.waiting = append(d.waiting, delay{c, by}) }

// due calls act for what is due, and returns when the next is.
func (d *delays) due(now int64, act func(c *Conn, by int64)) int64 {
	for d.first < len(d.waiting) {
		next := d.waiting[d.first]
		if next.by > now {
			if d.first > len(d.waiting)/2 { // make room
				d.waiting = append(d.waiting[:0], d.waiting[d.first:]...)
				d.first = 0
			}
			return next.by
		}
		d.first++
		act(next.conn, next.by)
	}
	d.waiting, d.first = d.waiting[:0], 0
	return notDue
}
