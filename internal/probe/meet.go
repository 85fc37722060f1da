package probe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"chatme/internal/client"
	"chatme/internal/pace"
	"chatme/internal/protocol"
)

const (
	// meetTries is how often two clients of the probe look for each other while strangers are there.
	meetTries = 4
	// meetPause is about how long a stranger takes to find somebody else.
	meetPause = 500 * time.Millisecond
	// strangerWaits is how long a match with an earlier waiter may take; on a slow link it is strangerTrips round trips.
	// It is never longer than strangerMost: where WebSocket pings are eaten, a client that says nothing for 12 s is not matched.
	strangerWaits = 150 * time.Millisecond
	strangerTrips = 3
	strangerMost  = 5 * time.Second
	// matchedTogether is within what both sides of one match hear of it, or matchedTrips if they take longer.
	matchedTogether = 2 * time.Second
	matchedTrips    = 40
	// signals is how many typing signals a nonce has.
	signals = 8
)

var (
	// errStranger says that a client of the probe was matched with somebody else. Nothing was said to them.
	errStranger = errors.New("matched with a stranger")
	// errUnseen says that two were matched at the same moment, and the one does not see the other typing.
	errUnseen = errors.New("both were matched, but one does not see the other typing")
)

// busyIfStranger is errBusy where a stranger came between.
func busyIfStranger(err error) error {
	if errors.Is(err, errStranger) || errors.Is(err, errUnseen) {
		return errBusy
	}
	return err
}

// meeting is two clients of the probe on their way into a chat with each other.
type meeting struct {
	p            *probe
	first, other client.Options // how they connect
	a, b         *client.Client
	aliasA       string // of the partner, as a knows it
	aliasB       string
}

// meetWithin is how much longer than another step meeting may take.
func (p *probe) meetWithin() time.Duration {
	return (meetTries-1)*(p.within(p.timeout, stepTrips)+meetPause) + meetTries*p.within(matchedTogether, matchedTrips)
}

// arriveFirst connects the first and has it search. search goes behind auth in one burst, as the web client sends it.
func (c *meeting) arriveFirst(ctx context.Context) (err error) {
	if c.a, err = c.p.connect(ctx, c.first); err != nil {
		return err
	}
	if err := c.a.Search(); err != nil {
		return err
	}
	if _, err := c.a.Greet(ctx); err != nil {
		return err
	}
	_, err = c.a.Expect(ctx, "searching")
	return err
}

// arriveOther connects the other, which searches only once it has its answer, as the mobile client does.
func (c *meeting) arriveOther(ctx context.Context) (err error) {
	if c.b, err = c.p.connect(ctx, c.other); err != nil {
		return err
	}
	_, err = c.b.Greet(ctx)
	return err
}

// meet has the two matched with each other. Both have arrived; when a stranger comes between they leave, and arrive
// anew.
func (c *meeting) meet(ctx context.Context) error {
	unseen := 0
	for try := 1; ; try++ {
		err := c.match(ctx)
		switch {
		case errors.Is(err, errUnseen):
			unseen++
		case !errors.Is(err, errStranger):
			return err
		}
		c.p.leave(c.a)
		c.p.leave(c.b)
		c.p.report.note("%v; left without a word (%d of %d)", err, try, meetTries)
		switch {
		case unseen == meetTries:
			return fmt.Errorf("%w, %d times: typing is not forwarded (or it was a stranger each time)", errUnseen, unseen)
		case try == meetTries:
			return errBusy
		}
		if !pace.Pause(ctx, meetPause/2+rand.N(meetPause)) {
			return ctx.Err()
		}
		if err := errors.Join(c.arriveFirst(ctx), c.arriveOther(ctx)); err != nil {
			return err
		}
	}
}

// match has the other search too, and makes sure that it was matched with the first. Whoever waits already is the
// first's partner at once, and whoever comes between is seen by one of the two being left alone; so hardly ever does
// a stranger see the one thing that is sent before all is sure, and that is no word but a flickering of typing.
func (c *meeting) match(ctx context.Context) error {
	if c.a == nil || c.b == nil {
		return errors.New("not connected")
	}
	waiting, cancel := context.WithTimeout(ctx, min(c.p.within(strangerWaits, strangerTrips), strangerMost))
	_, err := c.a.Expect(waiting, "matched")
	cancel()
	switch {
	case err == nil:
		return fmt.Errorf("%w who was waiting", errStranger)
	case c.a.CloseErr() != nil || !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil:
		return err
	}
	if err := c.b.Search(); err != nil {
		return err
	}
	if _, err := c.b.Expect(ctx, "searching"); err != nil {
		return err
	}
	if err := c.bothMatched(ctx); err != nil {
		return err
	}
	if err := c.compare(ctx, c.a, c.b); err != nil {
		return err
	}
	return c.compare(ctx, c.b, c.a)
}

func (c *meeting) bothMatched(ctx context.Context) error {
	soon, cancel := context.WithTimeout(ctx, c.p.within(matchedTogether, matchedTrips))
	defer cancel()
	a, errA := c.a.Expect(soon, "matched")
	b, errB := c.b.Expect(soon, "matched")
	c.aliasA, c.aliasB = a.PartnerID, b.PartnerID
	switch {
	case errA != nil && errB != nil:
		return fmt.Errorf("two wait and are not matched: %w", errA)
	case errA != nil && late(errA), errB != nil && late(errB):
		return fmt.Errorf("%w who came at the same moment", errStranger)
	case errA != nil || errB != nil:
		return errors.Join(errA, errB)
	case a.PartnerID == "" || b.PartnerID == "" || a.PartnerID == b.PartnerID:
		return errors.New("matched does not name the partner, or both by one name")
	}
	return nil
}

func late(err error) bool { return errors.Is(err, context.DeadlineExceeded) }

// compare sends a random row of typing signals and wants to see it on the other side, which shows that the two are in
// one chat. The last is a stop: no indicator stays.
func (c *meeting) compare(ctx context.Context, from, to *client.Client) error {
	nonce := make([]bool, signals)
	for i := range nonce[:signals-1] {
		nonce[i] = rand.N(2) == 1
	}
	nonce[0] = true // something shows that typing is forwarded at all
	for _, start := range nonce {
		if err := from.Typing(start); err != nil {
			return err
		}
	}
	soon, cancel := context.WithTimeout(ctx, c.p.within(matchedTogether, matchedTrips))
	defer cancel()
	for _, start := range nonce {
		want := map[bool]string{true: "typing_start", false: "typing_stop"}[start]
		if _, err := to.Expect(soon, want); err != nil {
			if to.CloseErr() != nil {
				return err
			}
			return errUnseen
		}
	}
	return nil
}

// wantMessage wants m to carry text from the partner named alias, and what only resumable clients hear, or not.
func wantMessage(m *protocol.ServerMessage, text, alias string, resumable bool) error {
	switch {
	case m.Text != text:
		return fmt.Errorf("the text is not the one that was sent")
	case m.From != alias:
		return fmt.Errorf("from is %q, matched said %q", m.From, alias)
	case !resumable && (m.N != 0 || m.TS != 0):
		return errors.New("an old client hears n or ts, which it does not know")
	case resumable && (m.N == 0 || m.TS == 0):
		return errors.New("n or ts is missing")
	}
	return nil
}
