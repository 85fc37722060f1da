package hostile

import (
	"errors"
	"fmt"
	"time"

	"chatme/internal/client"
	"chatme/internal/pace"
)

const (
	// travelEvery keeps a traveler within the rate of resumes.
	travelEvery = 2 * time.Second
	// noticed is how long after a loss the server has surely noticed it, so that what is written then goes to the mailbox.
	noticed = 100 * time.Millisecond
)

// travels makes two clients chat of which one loses its connection now and then. What is written to it meanwhile must be
// there when it is back.
func (p *people) travels() error {
	here, err := p.searches(false)
	if err != nil {
		return err
	}
	away, err := p.searches(false)
	if err != nil {
		return err
	}
	for _, c := range []*client.Client{here, away} {
		if err := p.matched(c); err != nil {
			return err
		}
	}
	p.running.Go(func() { p.stays(here) })
	p.running.Go(func() {
		for trip := 1; pace.Pause(p.ctx, travelEvery); trip++ {
			if away, err = p.trip(here, away, fmt.Sprint("trip ", trip)); err != nil {
				if p.ctx.Err() == nil {
					p.troubles.add("lost mail", err)
				}
				return
			}
		}
		away.Drop()
	})
	return nil
}

// stays takes what comes to the side that stays. Its chat goes on, and everything it writes is accepted.
func (p *people) stays(c *client.Client) {
	defer c.Drop()
	for {
		m, err := c.Recv(p.ctx)
		switch {
		case p.ctx.Err() != nil:
			return
		case err == nil && (m.Type == "ack" || m.Type == "partner_away" || m.Type == "partner_back"):
			continue
		case err == nil:
			err = errors.New(m.Type + m.Code)
		}
		p.troubles.add("cut", err)
		return
	}
}

// trip drops away's socket, writes a text to it, and returns the socket with which it came back for that text.
func (p *people) trip(here, away *client.Client, text string) (*client.Client, error) {
	away.Drop()
	if !pace.Pause(p.ctx, noticed) {
		return away, p.ctx.Err()
	}
	if _, err := here.Send(text); err != nil {
		return away, err
	}
	if !pace.Pause(p.ctx, noticed) {
		return away, p.ctx.Err()
	}
	ctx, cancel := pace.WithTimeout(p.ctx, servedWithin)
	defer cancel()
	began := time.Now()
	back, err := client.Dial(ctx, p.at, away.Resume())
	if err != nil {
		return away, err
	}
	m, err := back.Await(ctx, "message", "resume_failed", "partner_disconnected")
	switch {
	case err != nil:
	case m.Text != text:
		err = errors.New(m.Type)
	default:
		p.window.Load().mailed(time.Since(began))
		err = back.Ack()
	}
	return back, err
}
