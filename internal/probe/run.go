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
	open    []*client.Client // sessions that are to be ended
}

const (
	// stepTrips is how many round trips a step may take if that is more than its timeout, longestStep what it may take at most.
	stepTrips   = 100
	longestStep = time.Minute
)

// within returns how long what takes some round trips may take: d, or more where they are slow.
func (p *probe) within(d time.Duration, trips int) time.Duration {
	return max(d, min(time.Duration(trips)*p.slowest, longestStep))
}

// took notes how long a round trip took that began at a moment.
func (p *probe) took(began time.Time) { p.slowest = max(p.slowest, time.Since(began)) }

// probeStep is one thing that must pass. Its context ends with the time it has.
type probeStep struct {
	name string
	run  func(context.Context) error
	long time.Duration // beyond the timeout
	gate bool          // what is not offered here is not offered in the rest of the part
}

// probePart is steps in order; after one that fails the rest cannot be reached, unless each stands for itself.
type probePart struct {
	title string
	each  bool // stands for itself
	steps []probeStep
}

var (
	// errNotOffered is the outcome of a step about something that the deployment does not have and need not have.
	errNotOffered = errors.New("not offered")
	// errBusy is the outcome of a step that strangers have got in the way of.
	errBusy = errors.New("other people wait for a partner here, and the probe's clients were matched with them; they were left at once and without a word. Try again when it is quieter")
)

// run goes through all parts. Whatever the outcome, no session is left behind.
func (p *probe) run(ctx context.Context) {
	if !p.reached(ctx) {
		return
	}
	for _, part := range []probePart{p.handshake(), p.legacyClients(), p.resumableClients(), p.mixedClients()} {
		p.play(ctx, part)
	}
}

// reached says whether anything answers there; if not, no step would tell more.
func (p *probe) reached(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	began := time.Now()
	_, _, err := p.request(ctx, http.MethodGet, "")
	if err != nil {
		p.report.step("the server is reached", time.Since(began), err)
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

// web and mobile are how the old clients connect: a page says where it is from, an app does not.
func (p *probe) web() client.Options {
	return client.Options{APIKey: p.keys.web, Legacy: true, Origin: p.origin}
}

func (p *probe) mobile() client.Options { return client.Options{APIKey: p.keys.mobile, Legacy: true} }

// leaveAll ends what the part has left open.
func (p *probe) leaveAll() {
	for _, c := range p.open {
		p.leave(c)
	}
	p.open = nil
}

// leaveTimeout bounds how long an ended session is waited for, or leaveTrips if they take longer; the socket is cut then.
const (
	leaveTimeout = 2 * time.Second
	leaveTrips   = 40
)

// leave ends the session of c for good, also one that is away, and takes no notice of how that goes. It has a time of
// its own: also after an interrupt nobody is left with a partner who is gone.
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
