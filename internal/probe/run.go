package probe

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"chatme/internal/client"
	"chatme/internal/remote"
)

// probe is one run against one deployment.
type probe struct {
	to      remote.Deployment
	keys    probeKeys
	origin  string        // of the web client's page
	timeout time.Duration // of a step, unless round trips are slow
	report  *probeReport

	slowest time.Duration    // of the round trips so far: a request or an upgrade, and its answer
	open    []*client.Client // sessions to end
}

const (
	// stepTrips is how many round trips a step may take if that is longer than its timeout; longestStep is the upper bound.
	stepTrips   = 100
	longestStep = time.Minute
)

// within returns the time for a number of round trips: d, or more where they are slow.
func (p *probe) within(d time.Duration, trips int) time.Duration {
	return max(d, min(time.Duration(trips)*p.slowest, longestStep))
}

// took records the duration of a round trip that began at began.
func (p *probe) took(began time.Time) { p.slowest = max(p.slowest, time.Since(began)) }

// probeStep is one step that must pass. Its context ends at its time limit.
type probeStep struct {
	name string
	run  func(context.Context) error
	long time.Duration // beyond the timeout
	gate bool          // if this step is not offered, neither is the rest of the part
}

// probePart is steps in order; after a failure the rest is not reached, unless each step is independent.
type probePart struct {
	title string
	each  bool // steps are independent
	steps []probeStep
}

var (
	// errNotOffered is the outcome of a step about an optional feature that the server does not have.
	errNotOffered = errors.New("not offered")
	// errBusy is the outcome of a step that strangers prevented.
	errBusy = errors.New("other clients are waiting for a partner here, and the probe's clients were matched with them and left at once without sending a message. Try again when it is quieter")
)

// run plays all parts. Whatever the outcome, it leaves no session behind.
func (p *probe) run(ctx context.Context) {
	if !p.reached(ctx) {
		return
	}
	for _, part := range []probePart{p.handshake(), p.legacyClients(), p.resumableClients(), p.mixedClients()} {
		p.play(ctx, part)
	}
}

// reached reports whether anything answers; if not, no step would tell more.
func (p *probe) reached(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	began := time.Now()
	_, _, err := p.request(ctx, http.MethodGet, "")
	if err != nil {
		p.report.step("the server is reachable", time.Since(began), err)
	}
	return err == nil
}

func (p *probe) play(ctx context.Context, part probePart) {
	defer p.leaveAll()
	p.report.part(part.title)
	defer p.report.endPart()
	var missed error // why the rest is not reached
	for _, step := range part.steps {
		if missed == nil && ctx.Err() != nil {
			missed = ctx.Err()
		}
		if missed != nil {
			p.report.unreached(step.name, missed)
			continue
		}
		began := time.Now()
		p.report.limit = p.within(p.timeout, stepTrips)
		within, cancel := context.WithTimeout(ctx, p.report.limit+step.long)
		err := step.run(within)
		cancel()
		p.report.step(step.name, time.Since(began), err)
		if !part.each && (step.gate || !errors.Is(err, errNotOffered)) {
			missed = err
		}
	}
}

// connect opens a socket for a session that ends with the part.
func (p *probe) connect(ctx context.Context, o client.Options) (*client.Client, error) {
	o.NoText = true
	began := time.Now()
	c, err := client.Dial(ctx, p.to.Socket(), o)
	if err != nil {
		return nil, explainRefusal(err)
	}
	p.took(began)
	if o.Resume != nil { // it has the session now
		p.open = slices.DeleteFunc(p.open, func(former *client.Client) bool { return former.State().SessionID == o.Resume.SessionID })
	}
	p.open = append(p.open, c)
	return c, nil
}

// web and mobile are how legacy clients connect: a page sends its origin, an app does not.
func (p *probe) web() client.Options {
	return client.Options{APIKey: p.keys.web, Legacy: true, Origin: p.origin}
}

func (p *probe) mobile() client.Options { return client.Options{APIKey: p.keys.mobile, Legacy: true} }

// leaveAll ends the sessions that the part left open.
func (p *probe) leaveAll() {
	for _, c := range p.open {
		p.leave(c)
	}
	p.open = nil
}

// leaveTimeout bounds the wait for the end of a session, or leaveTrips round trips if longer; then the socket is cut.
const (
	leaveTimeout = 2 * time.Second
	leaveTrips   = 40
)

// leave ends the session of c for good, even one that is away, and ignores errors. It has its own time limit: even after
// an interrupt it leaves no session with a partner that is gone.
func (p *probe) leave(c *client.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), p.within(leaveTimeout, leaveTrips))
	defer cancel()
	if end := c.CloseErr(); end != nil {
		o := c.Resume()
		if o.Resume == nil || end.Code != client.CloseLost {
			return
		}
		back, err := client.Dial(ctx, p.to.Socket(), o)
		if err != nil {
			return
		}
		c = back
	}
	defer c.Drop()
	if c.End() == nil {
		c.Await(ctx, "chat_ended")
		awaitEnd(ctx, c)
	}
}

// awaitEnd waits until the server has closed the socket.
func awaitEnd(ctx context.Context, c *client.Client) (*client.CloseError, error) {
	for {
		if _, err := c.Recv(ctx); err != nil {
			if end := c.CloseErr(); end != nil {
				return end, nil
			}
			return nil, err
		}
	}
}
