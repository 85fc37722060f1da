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
}

// hold stops arrivals, and returns once all earlier ones have left.
func (p *people) hold() {
	p.arrivals.mu.Lock()
	p.arrivals.held = true
	p.arrivals.mu.Unlock()
	p.arrivals.present.Wait()
}

func (p *people) release() {
	p.arrivals.mu.Lock()
	defer p.arrivals.mu.Unlock()
	p.arrivals.held = false
}

// settle stops arrivals, and waits until all earlier ones have left.
func (a *arrivals) settle() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.present.Wait()
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
		p.arrivals.mu.Lock()
		if !p.arrivals.held {
			legacy := p.number.Load()%4 == 0
			p.arrivals.present.Go(func() { p.newcomer2(legacy) })
		}
		p.arrivals.mu.Unlock()
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
		if c != nil {
			here.Go(func() { p.meets(c, both[0] != nil && both[1] != nil) })
		}
	}
	here.Wait()
}

// meets searches, if wanted, until c has a partner, and leaves.
func (p *people) meets(c *client.Client, wanted bool) {
	defer c.Drop()
	if !wanted {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, pace.Of(servedWithin))
	defer cancel()
	began := time.Now()
	err := c.Search()
	if err == nil {
		_, err = c.Await(ctx, "matched")
	}
	switch {
	case p.ctx.Err() != nil:
	case err != nil:
		p.troubles.add("not matched", err)
	default:
		p.window.Load().matched(time.Since(began))
		c.End()
		c.Await(ctx, "chat_ended")
	}
}
