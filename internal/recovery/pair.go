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
	// drillAnswer is how long the drill's clients wait for an answer; an idle machine needs a tenth of it.
	drillAnswer = 20 * time.Second

	drillText = "a drill message, held for a client that is away"
)

// drillPair is two new clients in their own chat, on the server that was started on the copy.
type drillPair struct{ stays, leaves *client.Client }

// start starts a server on the copy.
func (d *drill) start(ctx context.Context) (string, error) {
	if err := d.server.Start(ctx); err != nil {
		return "", err
	}
	now, err := store.Look(ctx, d.server.Database())
	if err != nil {
		return "", err
	}
	if now.Epoch == d.copied.Epoch {
		return "", errors.New("the server did not detect that the database was restored: its epoch is the same")
	}
	return "a server on " + d.server.Addr + ", in a new epoch", nil
}

// chat matches two clients, disconnects one, and has the other send a message that is held for it.
func (d *drill) chat(ctx context.Context) (string, error) {
	ctx, cancel := pace.WithTimeout(ctx, drillAnswer)
	defer cancel()
	for _, c := range []**client.Client{&d.pair.stays, &d.pair.leaves} {
		if err := d.dial(ctx, c, client.Options{APIKey: d.server.Key}, "session_id"); err != nil {
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
	return "two new sessions matched, a message held for the client that left", nil
}

// kill ends the server as a power cut would, and restarts it.
func (d *drill) kill(ctx context.Context) (string, error) {
	d.server.Kill()
	d.pair.stays.Drop()
	return "server killed and restarted", d.server.Start(ctx)
}

// resume brings both clients back to their chat and checks that nothing was lost.
func (d *drill) resume(ctx context.Context) (string, error) {
	ctx, cancel := pace.WithTimeout(ctx, drillAnswer)
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
		return "", errors.New("the held message is not the one that was sent")
	}
	for _, c := range []*client.Client{d.pair.leaves, d.pair.stays} {
		if err := c.End(); err != nil {
			return "", err
		}
		if _, err := c.Await(ctx, "chat_ended"); err != nil {
			return "", err
		}
	}
	return "both clients are back in their chat, and the message was delivered", nil
}

// dial connects a client and wants its session to receive the given greeting; a resumed session is in its chat.
func (d *drill) dial(ctx context.Context, c **client.Client, o client.Options, want string) error {
	socket, err := client.Dial(ctx, "ws://"+d.server.Addr, o)
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

// compare stops the server and wants everything in the copy to be there still.
func (d *drill) compare(ctx context.Context) (string, error) {
	if err := d.server.Stop(); err != nil {
		return "", err
	}
	now, err := store.Look(ctx, d.server.Database())
	switch {
	case err != nil:
		return "", err
	case now.Resumable != d.copied.Resumable:
		return "", fmt.Errorf("of %d resumable sessions, %d are there", d.copied.Resumable, now.Resumable)
	case now.Entries != d.copied.Entries:
		return "", fmt.Errorf("of %d held messages, %d are there", d.copied.Entries, now.Entries)
	}
	return fmt.Sprintf("everything in the copy is there: %s resumable sessions, %s held messages", cli.Grouped(now.Resumable), cli.Grouped(now.Entries)), nil
}
