package hostile

import (
	"context"
	"sync"
	"time"

	"chatme/internal/client"
	"chatme/internal/pace"
)

// arriveEvery is how often two honest clients arrive, search, meet and leave.
const arriveEvery = 200 * time.Millisecond

// arrivals are the honest clients that arrive meanwhile. They can be held.
type arrivals struct {
	mu      sync.Mutex
	held    bool
	present sync.WaitGroup
	number  int                                   // of clients that are present
	looking map[*client.Client]context.CancelFunc // for a partner
}

// hold stops arrivals, and returns once all earlier ones have left.
func (a *arrivals) hold() {
	a.mu.Lock()
	a.held = true
	a.dismiss()
	a.mu.Unlock()
	a.present.Wait()
}

func (a *arrivals) release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held = false
}

// arrive lets two clients arrive, each of which leaves at last, unless arrivals are held.
func (a *arrivals) arrive(both func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.held {
		a.number += 2
		a.present.Go(both)
	}
}

// looks notes that c looks for a partner. leave is called when c is the last one and can find none: a client that its partner
// left may have met another before it could leave, too.
func (a *arrivals) looks(c *client.Client, leave context.CancelFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.looking == nil {
		a.looking = map[*client.Client]context.CancelFunc{}
	}
	a.looking[c] = leave
	a.dismiss()
}

// leaves notes that a client has left, which may have been c; nil: one that did not look.
func (a *arrivals) leaves(c *client.Client) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.looking, c)
	a.number--
	a.dismiss()
}

func (a *arrivals) dismiss() {
	if !a.held || a.number > 1 {
		return
	}
	for _, leave := range a.looking {
		leave()
	}
}

// newcomers lets two clients arrive now and then.
func (p *people) newcomers() {
	defer p.arrivals.present.Wait()
	for tick := time.NewTicker(arriveEvery); ; {
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			return
		}
		legacy := p.number.Load()%4 == 0
		p.arrivals.arrive(func() { p.newcomer2(legacy) })
	}
}

// newcomer2 is two clients that search at the same moment, once both are here. The attack may meet one of them.
func (p *people) newcomer2(legacy bool) {
	var both [2]*client.Client
	var here sync.WaitGroup
	for i := range both {
		here.Go(func() {
			began := time.Now()
			c, err := p.arrive(legacy)
			if err != nil {
				if p.ctx.Err() == nil {
					p.troubles.add("refused", err)
				}
				return
			}
			p.window.Load().arrived(time.Since(began))
			both[i] = c
		})
	}
	here.Wait()
	for _, c := range both {
		here.Go(func() {
			defer p.arrivals.leaves(c)
			if c != nil {
				p.meets(c, both[0] != nil && both[1] != nil)
			}
		})
	}
	here.Wait()
}

// meets searches, if wanted, until c has a partner, and leaves.
func (p *people) meets(c *client.Client, wanted bool) {
	defer c.Drop()
	if !wanted {
		return
	}
	ctx, cancel := pace.WithTimeout(p.ctx, servedWithin)
	defer cancel()
	p.arrivals.looks(c, cancel)
	began := time.Now()
	err := c.Search()
	if err == nil {
		_, err = c.Await(ctx, "matched")
	}
	switch {
	case ctx.Err() == context.Canceled:
	case err != nil:
		p.troubles.add("not matched", err)
	default:
		p.window.Load().matched(time.Since(began))
		c.End()
		c.Await(ctx, "chat_ended")
	}
}
