//go:build !race

package powerloss

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/client"
	"chatme/internal/pace"
	"chatme/internal/protocol"
	"chatme/internal/testbed"
)

// load is a set of clients that change the database all the time, over several runs of the server.
type load struct {
	site    *testbed.Site
	rovers  []*rover
	writers []*writer
	running sync.WaitGroup
	over    atomic.Bool // the server and its sockets are about to end
	grown   int64       // bytes; matches count once the WAL has reached this length
	left    atomic.Int64
	enough  chan struct{} // closed when left is 0; never sent on
}

// rover goes from chat to chat. Its fields belong to its goroutine while the load runs.
type rover struct {
	load *load
	name string
	old  bool
	c    *client.Client // nil before the first run
}

const (
	resumableRovers = 8
	oldRovers       = 4
	// loadTimeout limits a run of the load, which takes a tenth of it.
	loadTimeout = 2 * time.Minute
)

func newLoad(s *testbed.Site) *load {
	l := &load{site: s}
	for i := range resumableRovers + oldRovers {
		l.rovers = append(l.rovers, &rover{load: l, name: fmt.Sprintf("rover%d", i), old: i >= resumableRovers})
	}
	return l
}

// run drives the server until its WAL is grown bytes long, and then until its clients have been matched this many
// times; then end ends it.
func (l *load) run(tb testing.TB, grown int64, matches int, end func()) {
	tb.Helper()
	l.over.Store(false)
	l.grown = grown
	l.left.Store(int64(matches))
	l.enough = make(chan struct{})
	ctx, cancel := pace.WithTimeout(tb.Context(), loadTimeout)
	defer cancel()
	drive := func(name string, rove func(context.Context) error) {
		l.running.Go(func() {
			if err := rove(ctx); err != nil && !l.over.Load() {
				tb.Errorf("%s: %v", name, err)
			}
		})
	}
	for _, r := range l.rovers {
		drive(r.name, r.rove)
	}
	for _, w := range l.writers {
		drive(w.name, w.write)
	}
	select {
	case <-l.enough:
	case <-ctx.Done():
		tb.Error("the load makes no progress")
	}
	l.over.Store(true)
	end()
	cancel()
	l.running.Wait()
}

// matched counts a match.
func (l *load) matched() {
	if wal, err := os.Stat(l.site.DB + "-wal"); err != nil || wal.Size() < l.grown {
		return
	}
	if l.left.Add(-1) == 0 {
		close(l.enough)
	}
}

// dial connects r, resuming its session if possible.
func (r *rover) dial(ctx context.Context) (protocol.ServerMessage, error) {
	o := client.Options{APIKey: r.load.site.Key, Legacy: r.old}
	if r.c != nil {
		o = r.c.Resume()
	}
	c, err := client.Dial(ctx, "ws://"+r.load.site.Addr, o)
	if err != nil {
		return protocol.ServerMessage{}, err
	}
	r.c = c
	return c.Greet(ctx)
}

// come connects r and makes sure that it is in a chat, or will be.
func (r *rover) come(ctx context.Context) error {
	m, err := r.dial(ctx)
	switch {
	case err != nil:
		return err
	case m.Type == "resumed" && m.State == string(chat.ResumedMatched):
		return r.c.Next()
	case m.Type == "resumed" && m.State == string(chat.ResumedEnded): // partner_disconnected follows: it is in the queue
		return nil
	}
	return r.c.Search()
}

// rove goes from chat to chat until the server ends.
func (r *rover) rove(ctx context.Context) error {
	if err := r.come(ctx); err != nil {
		return err
	}
	defer r.c.Drop()
	for {
		m, err := r.c.Recv(ctx)
		if err != nil {
			return err
		}
		switch m.Type {
		case "matched":
			r.load.matched()
			err = r.act(ctx)
		case "message": // two clients that wait for each other, or mail from a chat that is over
			if err = r.c.Next(); err == nil && !r.old {
				err = r.c.Ack()
			}
		case "gap":
			err = r.c.Ack()
		}
		if err != nil {
			return err
		}
	}
}

// act does one of the things that a user does in a chat.
func (r *rover) act(ctx context.Context) error {
	switch chance := rand.N(20); {
	case chance < 11:
		return r.c.Next()
	case chance < 14:
		_, err := r.c.Send("and you?")
		return err
	case chance < 18: // the socket is lost
		r.c.Drop()
		return r.come(ctx)
	}
	if err := r.c.End(); err != nil {
		return err
	}
	for {
		_, err := r.c.Recv(ctx)
		if _, ended := errors.AsType[*client.CloseError](err); ended {
			return r.come(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// writer sends to an absent partner, and continues once that is acknowledged.
type writer struct {
	load     *load
	name     string
	returns  bool // the receiver occasionally fetches its mail; otherwise never
	sender   *client.Client
	receiver *client.Client
}

const (
	// mailLimit is how much a receiver that never fetches is sent: less than its mailbox holds.
	mailLimit = 150
	// mailRound is how many messages are sent between two fetches.
	mailRound = 7
)

// addWriters creates two chats of which one side goes away. No other client may be in the queue.
func (l *load) addWriters() {
	for _, returns := range []bool{false, true} {
		a, b := l.site.Join("writer", client.Options{}), l.site.Join("reader", client.Options{})
		testbed.Meet(a, b)
		b.Drop()
		a.Await("partner_away")
		l.writers = append(l.writers, &writer{load: l, name: "writer", returns: returns, sender: a.Client, receiver: b.Client})
	}
}

// resume resumes c in its chat.
func (w *writer) resume(ctx context.Context, c *client.Client) (*client.Client, error) {
	c, err := client.Dial(ctx, "ws://"+w.load.site.Addr, c.Resume())
	if err != nil {
		return nil, err
	}
	m, err := c.Greet(ctx)
	if err == nil && (m.Type != "resumed" || m.State != string(chat.ResumedMatched)) {
		err = fmt.Errorf("resume was answered with %s", client.Describe(&m))
	}
	return c, err
}

// write sends until the server ends.
func (w *writer) write(ctx context.Context) error {
	c := w.sender
	if c.CloseErr() != nil {
		var err error
		if c, err = w.resume(ctx, c); err != nil {
			return err
		}
		w.sender = c
	}
	defer c.Drop()
	if err := c.Resend(); err != nil {
		return err
	}
	for n := c.State().Sent; w.returns || n < mailLimit; {
		var err error
		if n, err = c.Send(fmt.Sprintf("letter %d", c.State().Sent+1)); err != nil {
			return err
		}
		for c.State().Acked < n {
			if _, err := c.Await(ctx, "ack"); err != nil {
				return err
			}
		}
		if w.returns && n%mailRound == 0 {
			if err := w.fetch(ctx, n); err != nil {
				return err
			}
		}
	}
	<-c.Done() // the server ends
	return nil
}

// fetch connects the receiver, reads its mail up to n, and disconnects.
func (w *writer) fetch(ctx context.Context, n uint64) error {
	c, err := w.resume(ctx, w.receiver)
	if err != nil {
		return err
	}
	defer c.Drop()
	for c.State().Got < n {
		if _, err := c.Await(ctx, "message"); err != nil {
			return err
		}
	}
	w.receiver = c
	return c.Ack()
}
