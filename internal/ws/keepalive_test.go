package ws

import (
	"net"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/hub"
)

// The deadline of a close frame behind a commit starts once the frame may leave. Known defect: while another program
// held the write lock for longer than that, a shutdown cut the clients that waited for the commit, without a close
// frame.
func TestCloseThatWaitsForACommitIsNotStuck(t *testing.T) {
	e := &Endpoint{cfg: Config{PingInterval: time.Hour}, budget: newBudget(1, 1, 1, hub.NewClock().Now)}
	e.live.Store(newLive(Limits{
		DeadAfter: time.Hour, DeadAfterLegacy: time.Hour, ProgressTimeout: time.Hour, AuthTimeout: time.Hour,
	}))
	near, far := net.Pipe()
	defer far.Close()
	c := &Conn{e: e, socket: socket{conn: near, fd: -1}, closing: 1}
	c.authed.Store(true)
	const batch = 7
	c.out.items = []item{{event: hub.Event{Event: chat.Event{Kind: chat.Searching, After: batch}}}, {event: hub.Event{Event: chat.Event{Kind: chat.Close}}}}
	waited := c.closing.Add(3 * closeStuck)
	c.visit(waited)
	if c.closed {
		t.Fatalf("cut while it waits for a commit: %s", c.reason)
	}
	c.out.released = batch
	c.visit(waited + 1)
	if c.closed {
		t.Fatalf("cut as soon as it may leave: %s", c.reason)
	}
	c.visit(waited.Add(closeStuck) + 1)
	if !c.closed || c.reason != "close timed out" {
		t.Errorf("closed %v, %q, want a close timeout", c.closed, c.reason)
	}
}
