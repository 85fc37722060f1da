package probe

import (
	"context"
	"errors"
	"fmt"

	"chatme/internal/client"
)

// mixedTour is the part with a legacy client and a resumable client in one chat.
type mixedTour struct{ meeting }

func (p *probe) mixedClients() probePart {
	t := &mixedTour{meeting{p: p, first: p.web(), other: client.Options{APIKey: p.keys.mobile}}}
	return probePart{title: "A legacy client and a resumable client", steps: []probeStep{
		{name: "auth gets both auth_success, and the resumable client session_id", run: t.arrive, gate: true, long: plainAfter},
		{name: "both search and are matched with each other", run: t.meet, long: p.meetWithin()},
		{name: "a text from legacy to resumable has a number", run: t.toResumable},
		{name: "a text from resumable to legacy has none, and a WebSocket pong acknowledges it", run: t.toOld},
		{name: "end_chat of the legacy client, and the resumable one gets partner_disconnected", run: t.end},
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
		return fmt.Errorf("the server sends a legacy client a WebSocket ping to learn what has arrived: %w", err)
	}
	return nil
}

func (t *mixedTour) end(ctx context.Context) error {
	if err := expectEnd(ctx, t.a); err != nil {
		return err
	}
	return awaitLeft(ctx, t.b)
}
