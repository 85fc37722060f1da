package ws

import (
	"context"
	"testing"
	"testing/synctest"

	"chatme/internal/chat"
	"chatme/internal/hub"
)

// stuckHub does nothing, because nothing can be committed.
type stuckHub struct{ Hub }

func (stuckHub) Do(*hub.Command) (hub.Conn, bool) { return nil, false }

func (stuckHub) AwaitRoom(ctx context.Context, _ *hub.Command) error {
	<-ctx.Done()
	return ctx.Err()
}

func (stuckHub) Attach(ctx context.Context, _ chat.ConnID, _ hub.Conn, _ chat.Auth, _ int64) error {
	<-ctx.Done()
	return ctx.Err()
}

// While the disk fails a waiting client may leave: its reader ends with its socket. Known defect: the reader stayed,
// with the message that it had read, for as long as the disk failed.
func TestWaitForTheDiskEndsWithItsSocket(t *testing.T) {
	for name, wait := range map[string]func(c *Conn){
		"a message": func(c *Conn) { c.do(&hub.Command{Command: chat.Command{Op: chat.Send, Text: "x"}}) },
		"an auth":   func(c *Conn) { c.attach(nil, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &Endpoint{cfg: Config{Hub: stuckHub{}}}
				e.keepalive = &keepalive{}
				c, over := &Conn{e: e}, make(chan struct{})
				go func() { defer close(over); wait(c) }()
				synctest.Wait()
				c.mu.Lock()
				c.setClosed()
				c.mu.Unlock()
				<-over
				if c.bells != nil {
					t.Error("a bell is left")
				}
			})
		})
	}
}
