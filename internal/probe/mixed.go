package probe

import (
	"context"
	"errors"
	"fmt"

	"chatme/internal/client"
)

// mixedTour is an old client and a resumable one in one chat.
type mixedTour struct{ meeting }

func (p *probe) mixedClients() probePart {
	t := &mixedTour{meeting{p: p, first: p.web(), other: client.Options{APIKey: p.keys.mobile}}}
	return probePart{title: "An old client and a resumable one", steps: []probeStep{
		{name: "auth of both; auth_success, and session_id for one", run: t.arrive, gate: true, long: plainAfter},
		{name: "both search and are matched with each other", run: t.meet, long: p.meetWithin()},
		{name: "a text from old to resumable has a number", run: t.toResumable},
		{name: "a text from resumable to old has none; acknowledged by a WebSocket pong", run: t.toOld},
		{name: "end_chat of the old one; partner_disconnected for the resumable one", run: t.end},
	}}
}

func (t *mixedTour) arrive(ctx context.Context) (err error) {
	if t.b, err = t.p.connect(ctx, t.other); err != nil {
		return err
	}
	if _, err := t.p.greetResumable(ctx, t.b); err != nil {
		return err
	}
	return t.arriveFirst(ctx)
}

func (t *mixedTour) toResumable(ctx context.Context) error {
	if _, err := t.a.Send(probeText); err != nil {
		return err
	}
	m, err := t.b.Expect(ctx, "message")
	if err != nil {
		return err
	}
	return errors.Join(wantMessage(&m, probeText, t.aliasB, true), t.b.Ack())
}

func (t *mixedTour) toOld(ctx context.Context) error {
	if err := say(ctx, t.b, t.a, t.aliasA); err != nil {
		return err
	}
	if err := awaitAck(ctx, t.b, 1, 1); err != nil {
		return fmt.Errorf("the server asks an old client with a WebSocket ping what has arrived: %w", err)
	}
	return nil
}

func (t *mixedTour) end(ctx context.Context) error {
	if err := expectEnd(ctx, t.a); err != nil {
		return err
	}
	return awaitLeft(ctx, t.b)
}
