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
	// meetTries is how often two clients of the probe try to match each other while strangers are waiting.
	meetTries = 4
	// meetPause is about how long a stranger takes to find another partner.
	meetPause = 500 * time.Millisecond
	// strangerWaits is how long a match with a client that waited before may take; on a slow link, strangerTrips round trips.
	// It is at most strangerMost: where WebSocket pings are dropped, a client that is silent for 12 s is not matched.
	strangerWaits = 150 * time.Millisecond
	strangerTrips = 3
	strangerMost  = 5 * time.Second
	// matchedTogether is how long both sides of a match take to hear of it, or matchedTrips round trips if longer.
	matchedTogether = 2 * time.Second
	matchedTrips    = 40
	// signals is the number of typing signals in a nonce.
	signals = 8
)

var (
	// errStranger means that a client of the probe was matched with a stranger. It sent the stranger no message.
	errStranger = errors.New("matched with a stranger")
	// errUnseen means that two clients were matched at the same moment, but one does not see the other typing.
	errUnseen = errors.New("both clients were matched, but one does not see the other typing")
)

// busyIfStranger returns errBusy if a stranger came between, otherwise err.
func busyIfStranger(err error) error {
	if errors.Is(err, errStranger) || errors.Is(err, errUnseen) {
		return errBusy
	}
	return err
}

// meeting is two clients of the probe that are to be matched with each other.
type meeting struct {
	p            *probe
	first, other client.Options // how they connect
	a, b         *client.Client
	aliasA       string // b's alias, as a knows it
	aliasB       string
}

// meetWithin returns how much longer than other steps a meeting may take.
func (p *probe) meetWithin() time.Duration {
	return (meetTries-1)*(p.within(p.timeout, stepTrips)+meetPause) + meetTries*p.within(matchedTogether, matchedTrips)
}

// arriveFirst connects the first client and makes it search. It sends auth and search in one burst, as the web client does.
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

// arriveOther connects the other client, which searches only after the answer to auth, as the mobile client does.
func (c *meeting) arriveOther(ctx context.Context) (err error) {
	if c.b, err = c.p.connect(ctx, c.other); err != nil {
		return err
	}
	_, err = c.b.Greet(ctx)
	return err
}

// meet gets the two clients matched with each other. Both have arrived. If a stranger comes between, they leave and
// arrive again.
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
		c.p.report.note("%v; left without sending a message (%d of %d)", err, try, meetTries)
		switch {
		case unseen == meetTries:
			return fmt.Errorf("%w, %d times: typing is not forwarded, or each partner was a stranger", errUnseen, unseen)
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

// match makes the other client search too, and checks that it was matched with the first. A stranger that waited before
// is matched with the first client at once, and if a stranger comes between, one of the two stays unmatched. So a stranger
// hardly ever sees what is sent before the match is certain, and that is only typing signals.
func (c *meeting) match(ctx context.Context) error {
	if c.a == nil || c.b == nil {
		return errors.New("not connected")
	}
	waiting, cancel := context.WithTimeout(ctx, min(c.p.within(strangerWaits, strangerTrips), strangerMost))
	_, err := c.a.Expect(waiting, "matched")
	cancel()
	switch {
	case err == nil:
		return fmt.Errorf("%w that was waiting", errStranger)
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
		return fmt.Errorf("two clients are waiting and are not matched: %w", errA)
	case errA != nil && late(errA), errB != nil && late(errB):
		return fmt.Errorf("%w that arrived at the same moment", errStranger)
	case errA != nil || errB != nil:
		return errors.Join(errA, errB)
	case a.PartnerID == "" || b.PartnerID == "" || a.PartnerID == b.PartnerID:
		return errors.New("matched does not name the partner, or gives both the same alias")
	}
	return nil
}

func late(err error) bool { return errors.Is(err, context.DeadlineExceeded) }

// compare sends a random series of typing signals and requires the same series on the other side, which shows that the
// two are in one chat. The last signal is a stop, so that no indicator stays on.
func (c *meeting) compare(ctx context.Context, from, to *client.Client) error {
	nonce := make([]bool, signals)
	for i := range nonce[:signals-1] {
		nonce[i] = rand.N(2) == 1
	}
	nonce[0] = true // at least one start shows that typing is forwarded
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

// wantMessage requires that m has this text from this alias, and that n and ts are set for resumable clients only.
func wantMessage(m *protocol.ServerMessage, text, alias string, resumable bool) error {
	switch {
	case m.Text != text:
		return fmt.Errorf("the text differs from the one that was sent")
	case m.From != alias:
		return fmt.Errorf("from is %q, matched has %q", m.From, alias)
	case !resumable && (m.N != 0 || m.TS != 0):
		return errors.New("a legacy client got n or ts, which it does not know")
	case resumable && (m.N == 0 || m.TS == 0):
		return errors.New("n or ts is missing")
	}
	return nil
}
