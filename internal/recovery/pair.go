package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chatme/internal/cli"
	"chatme/internal/client"
	"chatme/internal/pace"
	"chatme/internal/store"
)

const (
	// drillAnswer is how long the drill's clients wait for an answer on an idle machine, which takes a tenth of it.
	drillAnswer = 20 * time.Second

	drillText = "a message of the drill, held for somebody who is away"
)

// drillPair is two new clients in a chat of their own, on the server that was started on the copy.
type drillPair struct{ stays, leaves *client.Client }

// start starts a server on the copy.
func (d *drill) start(ctx context.Context) (string, error) {
	if err := d.victim.Start(ctx); err != nil {
		return "", err
	}
	now, err := store.Look(ctx, d.victim.Database())
	if err != nil {
		return "", err
	}
	if now.Epoch == d.copied.Epoch {
		return "", errors.New("the server has not noticed that the database was put back: its epoch is the same")
	}
	return "a server on " + d.victim.Addr + ", in a new epoch", nil
}

// chat lets two clients meet and one of them go; the other one's message is held for it.
func (d *drill) chat(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, pace.Of(drillAnswer))
	defer cancel()
	for _, c := range []**client.Client{&d.pair.stays, &d.pair.leaves} {
		if err := d.dial(ctx, c, client.Options{APIKey: d.victim.Key}, "session_id"); err != nil {
			return "", err
		}
		if err := (*c).Search(); err != nil {
			return "", err
		}
	}
	for _, c := range []*client.Client{d.pair.stays, d.pair.leaves} {
		if _, err := c.Await(ctx, "matched"); err != nil {
			return "", err
		}
	}
	d.pair.leaves.Drop()
	if _, err := d.pair.stays.Await(ctx, "partner_away"); err != nil {
		return "", err
	}
	if _, err := d.pair.stays.Send(drillText); err != nil {
		return "", err
	}
	if _, err := d.pair.stays.Await(ctx, "ack"); err != nil {
		return "", err
	}
	return "two new sessions matched, a message held for the one who left", nil
}

// kill ends the server as a power cut would, and starts it again.
func (d *drill) kill(ctx context.Context) (string, error) {
	d.victim.Kill()
	d.pair.stays.Drop()
	return "the server killed, and started again", d.victim.Start(ctx)
}

// resume brings both clients back to their chat, in which nothing is lost.
func (d *drill) resume(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, pace.Of(drillAnswer))
	defer cancel()
	for _, c := range []**client.Client{&d.pair.stays, &d.pair.leaves} {
		if err := d.dial(ctx, c, (*c).Resume(), "resumed"); err != nil {
			return "", err
		}
	}
	m, err := d.pair.leaves.Await(ctx, "message")
	switch {
	case err != nil:
		return "", err
	case m.Text != drillText:
		return "", errors.New("what was held is not what was said")
	}
	for _, c := range []*client.Client{d.pair.leaves, d.pair.stays} {
		if err := c.End(); err != nil {
			return "", err
		}
		if _, err := c.Await(ctx, "chat_ended"); err != nil {
			return "", err
		}
	}
	return "both are in their chat again, and the message is there", nil
}

// dial connects a client and wants its session to be greeted so; a resumed one is in its chat.
func (d *drill) dial(ctx context.Context, c **client.Client, o client.Options, want string) error {
	socket, err := client.Dial(ctx, "ws://"+d.victim.Addr, o)
	if err != nil {
		return err
	}
	*c = socket
	m, err := socket.Greet(ctx)
	switch {
	case err != nil:
		return err
	case m.Type != want || want == "resumed" && m.State != "matched":
		return fmt.Errorf("want %s, got %s", want, client.Describe(&m))
	}
	return nil
}

// compare stops the server and wants everything of the copy to be there still.
func (d *drill) compare(ctx context.Context) (string, error) {
	if err := d.victim.Stop(); err != nil {
		return "", err
	}
	now, err := store.Look(ctx, d.victim.Database())
	switch {
	case err != nil:
		return "", err
	case now.Resumable != d.copied.Resumable:
		return "", fmt.Errorf("of %d sessions that could come back %d are there", d.copied.Resumable, now.Resumable)
	case now.Letters != d.copied.Letters:
		return "", fmt.Errorf("of %d letters %d are there", d.copied.Letters, now.Letters)
	}
	return fmt.Sprintf("all of the copy is there: %s sessions that can come back, %s letters", cli.Grouped(now.Resumable), cli.Grouped(now.Letters)), nil
}
