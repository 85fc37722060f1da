package probe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"chatme/internal/client"
	"chatme/internal/protocol"
)

const (
	// plainAfter is how long after the answer to a ping session_id may come from an older server, which writes a new
	// session to disk first. Without session_id by then, sessions are not resumable.
	plainAfter = 2 * time.Second
	plainTrips = 40 // … or as many round trips, if longer
	// awayWithin is how long a server may wait before it reports that a partner is away.
	awayWithin = 2 * time.Second
	// probeNap is the absence that sleep announces.
	probeNap = 5 * time.Minute
)

// resumeTour is the part with two resumable clients: a stays, b comes and goes.
type resumeTour struct {
	meeting
	hello protocol.ServerMessage // b's session_id
	said  uint64                 // the last number that a used
	gone  client.State           // of a session that has ended
}

func (p *probe) resumableClients() probePart {
	t := &resumeTour{meeting: meeting{p: p, first: client.Options{APIKey: p.keys.web, Origin: p.origin}, other: client.Options{APIKey: p.keys.mobile}}}
	return probePart{title: "Resumable clients", steps: []probeStep{
		{name: "auth with resume gets session_id, epoch, window and limits", run: t.offered, gate: true, long: plainAfter},
		{name: "two clients search and are matched with each other", run: t.begin, long: p.meetWithin()},
		{name: "numbered messages in both directions are acknowledged", run: t.talk},
		{name: "one client loses its socket, and the other gets partner_away", run: t.lose, long: awayWithin},
		{name: "three messages to a client that is away are acknowledged, so they are on disk", run: t.sayAway(3)},
		{name: "resume gets the same chat and epoch, the three messages in order, and partner_back", run: t.comeBack(3)},
		{name: "stored messages are delivered, and acknowledged to their sender", run: t.delivered},
		{name: "a second socket takes over, and the first gets close 4409", run: t.takeOver},
		{name: "sleep and a closed socket: the partner gets partner_away", run: t.sleep, long: awayWithin},
		{name: "a message to a client that is asleep is acknowledged", run: t.sayAway(1)},
		{name: "resume gets the message, and partner_back", run: t.comeBack(1)},
		{name: "one client is away, the other sends a message and moves on (Next)", run: t.nextWhileAway, long: awayWithin},
		{name: "resume after the chat ended gets its last message before partner_disconnected", run: t.tail},
		{name: "end_chat of both gets chat_ended and close 1000", run: t.endBoth},
		{name: "resume of an ended session gets resume_failed and a new session", run: t.resumeEnded},
		{name: "resume with another epoch, as after a restore, gets gap", run: t.otherEpoch},
	}}
}

// offered connects b, and finds out whether sessions can be resumed.
func (t *resumeTour) offered(ctx context.Context) (err error) {
	if t.b, err = t.p.connect(ctx, t.other); err != nil {
		return err
	}
	t.hello, err = t.p.greetResumable(ctx, t.b)
	return err
}

// greetResumable waits for session_id, and returns errNotOffered if the server sends none.
func (p *probe) greetResumable(ctx context.Context, c *client.Client) (m protocol.ServerMessage, err error) {
	if _, err := c.Expect(ctx, "auth_success"); err != nil {
		return m, err
	}
	if err := c.Ping(); err != nil {
		return m, err
	}
	if m, err = c.Expect(ctx, "session_id", "pong"); err != nil {
		return m, err
	}
	if m.Type == "session_id" {
		_, err = c.Expect(ctx, "pong")
	} else { // an older server: pong does not wait for the disk
		soon, cancel := context.WithTimeout(ctx, p.within(plainAfter, plainTrips))
		defer cancel()
		if m, err = c.Expect(soon, "session_id"); err != nil && late(err) && c.CloseErr() == nil {
			return m, errNotOffered
		}
	}
	if err == nil && (m.SessionID == "" || m.Epoch == "" || m.WindowMs <= 0 || m.PingMs <= 0 || m.MaxBytes <= 0) {
		err = errors.New("session_id is incomplete: it needs sessionId, epoch, windowMs, pingMs and maxBytes")
	}
	return m, err
}

func (t *resumeTour) begin(ctx context.Context) error {
	if err := t.arriveFirst(ctx); err != nil {
		return err
	}
	return t.meet(ctx)
}

func (t *resumeTour) talk(ctx context.Context) error {
	if err := t.exchange(ctx, t.a, t.b, t.aliasB); err != nil {
		return err
	}
	t.said = 1
	return t.exchange(ctx, t.b, t.a, t.aliasA)
}

// exchange sends the first message of one side, confirms it, and requires that the sender gets an ack.
func (t *resumeTour) exchange(ctx context.Context, from, to *client.Client, alias string) error {
	if _, err := from.Send(probeText); err != nil {
		return err
	}
	m, err := to.Expect(ctx, "message")
	if err != nil {
		return err
	}
	if err := wantMessage(&m, probeText, alias, true); err != nil {
		return err
	}
	if m.N != 1 {
		return fmt.Errorf("the first message has n %d", m.N)
	}
	if err := to.Ack(); err != nil {
		return err
	}
	return awaitAck(ctx, from, 1, 1)
}

// awaitAck waits until the sender knows that recv messages are in custody and delivered of them are with the partner.
func awaitAck(ctx context.Context, c *client.Client, recv, delivered uint64) error {
	for {
		m, err := c.Expect(ctx, "ack")
		if err != nil {
			return err
		}
		if m.Recv > recv || m.Delivered > delivered {
			return fmt.Errorf("ack has recv %d and delivered %d; at most %d and %d are possible", m.Recv, m.Delivered, recv, delivered)
		}
		if m.Recv == recv && m.Delivered == delivered {
			return nil
		}
	}
}

func (t *resumeTour) lose(ctx context.Context) error {
	t.b.Drop()
	return expectAway(ctx, t.a)
}

func expectAway(ctx context.Context, c *client.Client) error {
	m, err := c.Expect(ctx, "partner_away")
	if err == nil && m.UntilMs <= 0 {
		err = errors.New("partner_away has no untilMs")
	}
	return err
}

// numbered returns the text of the n-th message.
func numbered(n uint64) string { return fmt.Sprintf("%s %d", probeText, n) }

func (t *resumeTour) sayAway(count int) func(context.Context) error {
	return func(ctx context.Context) error {
		delivered := t.said
		for range count {
			t.said++
			if n, err := t.a.Send(numbered(t.said)); err != nil || n != t.said {
				return errors.Join(err, fmt.Errorf("number %d, want %d", n, t.said))
			}
		}
		return awaitAck(ctx, t.a, t.said, delivered)
	}
}

// resume reconnects b.
func (t *resumeTour) resume(ctx context.Context) (m protocol.ServerMessage, err error) {
	if t.b, err = t.p.connect(ctx, t.b.Resume()); err != nil {
		return m, err
	}
	m, err = t.b.Greet(ctx)
	if err == nil && m.Type != "resumed" {
		err = fmt.Errorf("want resumed, got %s", client.Describe(&m))
	}
	return m, err
}

func (t *resumeTour) comeBack(held int) func(context.Context) error {
	return func(ctx context.Context) error {
		m, err := t.resume(ctx)
		if err != nil {
			return err
		}
		switch {
		case m.State != "matched" || m.PartnerID != t.aliasB || m.Partner != "here":
			return fmt.Errorf("a different chat: state %q, partner %q", m.State, m.Partner)
		case m.Epoch != t.hello.Epoch:
			return errors.New("a different epoch")
		case m.Replay != held || m.Gap:
			return fmt.Errorf("replay %d and gap %v; %d were stored", m.Replay, m.Gap, held)
		}
		for n := t.said - uint64(held) + 1; n <= t.said; n++ {
			if err := t.expectNumbered(ctx, n); err != nil {
				return err
			}
		}
		_, err = t.a.Expect(ctx, "partner_back")
		return err
	}
}

// expectNumbered requires a's n-th message.
func (t *resumeTour) expectNumbered(ctx context.Context, n uint64) error {
	m, err := t.b.Expect(ctx, "message")
	if err == nil {
		err = wantMessage(&m, numbered(n), t.aliasB, true)
	}
	if err == nil && m.N != n {
		err = fmt.Errorf("n is %d, want %d", m.N, n)
	}
	return err
}

func (t *resumeTour) delivered(ctx context.Context) error {
	if err := t.b.Ack(); err != nil {
		return err
	}
	return awaitAck(ctx, t.a, t.said, t.said)
}

func (t *resumeTour) takeOver(ctx context.Context) error {
	first := t.b
	m, err := t.resume(ctx)
	if err != nil {
		return err
	}
	if m.State != "matched" || m.PartnerID != t.aliasB {
		return fmt.Errorf("a different chat: state %q", m.State)
	}
	return expectClose(ctx, first, protocol.CloseReplaced)
}

func (t *resumeTour) sleep(ctx context.Context) error {
	if err := t.b.Sleep(probeNap); err != nil {
		return err
	}
	if err := t.b.Close(1000); err != nil {
		return err
	}
	return expectAway(ctx, t.a)
}

// nextWhileAway: b has confirmed all messages but the one that is sent now.
func (t *resumeTour) nextWhileAway(ctx context.Context) error {
	if err := t.delivered(ctx); err != nil {
		return err
	}
	if err := t.lose(ctx); err != nil {
		return err
	}
	if err := t.sayAway(1)(ctx); err != nil {
		return err
	}
	if err := t.a.Next(); err != nil {
		return err
	}
	_, err := t.a.Expect(ctx, "searching")
	return err
}

// tail: until b confirms the message, it is not matched.
func (t *resumeTour) tail(ctx context.Context) error {
	m, err := t.resume(ctx)
	if err != nil {
		return err
	}
	if m.State != "ended" || m.Replay != 1 || m.Gap {
		return fmt.Errorf("state %q, replay %d and gap %v; the chat ended and 1 message was stored", m.State, m.Replay, m.Gap)
	}
	if err := t.expectNumbered(ctx, t.said); err != nil {
		return err
	}
	if _, err := t.b.Expect(ctx, "partner_disconnected"); err != nil {
		return err
	}
	_, err = t.b.Expect(ctx, "searching")
	return err
}

func (t *resumeTour) endBoth(ctx context.Context) error {
	t.gone = t.b.State()
	return errors.Join(expectEnd(ctx, t.b), expectEnd(ctx, t.a))
}

func (t *resumeTour) resumeEnded(ctx context.Context) (err error) {
	o := t.other
	o.Resume = &client.State{SessionID: t.gone.SessionID, Epoch: t.gone.Epoch}
	if t.b, err = t.p.connect(ctx, o); err != nil {
		return err
	}
	m, err := t.b.Greet(ctx)
	if err != nil {
		return err
	}
	if m.Type != "resume_failed" || m.Code == "" {
		return fmt.Errorf("want resume_failed with a code, got %s", client.Describe(&m))
	}
	m, err = t.b.Expect(ctx, "session_id")
	if err == nil && m.SessionID == t.gone.SessionID {
		err = errors.New("the new session has the ID of the ended one")
	}
	return err
}

// otherEpoch: the client knows of no chat, so only the answer depends on the claimed epoch. The session can be resumed from
// its first search on.
func (t *resumeTour) otherEpoch(ctx context.Context) (err error) {
	if err := t.b.Search(); err != nil {
		return err
	}
	if _, err := t.b.Expect(ctx, "searching"); err != nil {
		return err
	}
	t.b.Drop()
	o := t.b.Resume()
	real := o.Resume.Epoch
	o.Resume.Epoch = strings.Repeat("0", len(real))
	if t.b, err = t.p.connect(ctx, o); err != nil {
		return err
	}
	m, err := t.b.Greet(ctx)
	switch {
	case err != nil:
		return err
	case m.Type != "resumed" || !m.Gap:
		return fmt.Errorf("want resumed with gap, got %s", client.Describe(&m))
	case m.Epoch != real:
		return errors.New("resumed does not have the server's epoch")
	}
	return expectEnd(ctx, t.b)
}
