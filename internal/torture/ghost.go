package torture

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chatme/internal/client"
	"chatme/internal/pace"
	"chatme/internal/protocol"
	"chatme/internal/torture/checker"
)

// ghostWithin is how long a replaced socket may stay open if its client is not slow: longer than a server is ever
// paused.
const ghostWithin = 30 * time.Second

// ghostEvery: one act in this many leaves a ghost.
const ghostEvery = 300

// ghostIndex is the number of a ghost's messages. They are in no history, so no client may receive them.
const ghostIndex = 1 << 40

// haunts leaves the socket open and reconnects on another one. A session is resumed; the server cannot tell that a
// legacy client is the same one.
func (c *chatter) haunts() bool {
	if c.old {
		c.vanishes()
		return true
	}
	if c.ending || c.socket.State().SessionID == "" {
		return false
	}
	c.away = c.upTo(backOffFirst)
	c.goes(client.CloseLost, true)
	c.socket.Vanish()
	c.ghost, c.ghostOf = c.socket, c.chat
	c.t.ghosts.Add(1)
	return true
}

// vanishes leaves without closing: the socket stays open, and is neither read nor answered.
func (c *chatter) vanishes() {
	c.away = c.upTo(backOffFirst)
	e := c.event(checker.Gone, checker.Vanished)
	e.CloseCode, e.Own = client.CloseLost, true
	c.t.history.Add(e)
	c.opts = c.socket.Resume()
	ghost, cut := c.socket, func() {}
	ghost.Vanish()
	if c.link != nil {
		cut = c.link.Darken()
	}
	c.ghost = ghost
	c.t.ghosts.Add(1)
	c.t.running.Go(func() {
		select { // it ends with the server, or when the clients must catch up
		case <-ghost.Done():
		case <-c.t.catchUp:
		}
		ghost.Drop()
		cut()
	})
}

// wakes makes the client's ghost send after the session has resumed on another socket. The server must ignore all of
// it.
func (c *chatter) wakes() {
	ghost, chat := c.ghost, c.ghostOf
	if c.ghost = nil; ghost == nil || c.old {
		return
	}
	who, lag := c.who, c.lag
	c.t.running.Go(func() {
		defer ghost.Drop()
		ghost.Typing(true)
		ghost.Send(checker.Body{Who: who, Chat: chat, Index: ghostIndex}.Text(c.t.marker))
		ghost.Search()
		ghost.End()
		if how := c.t.lays(ghost, lag); how != "" {
			c.t.history.Add(checker.Event{Who: checker.Server, Kind: checker.Fault, Type: checker.Haunted, Code: fmt.Sprintf("socket of c%d: %s", who, how)})
		}
	})
}

// lays waits for the end of a ghost, and returns what is wrong with it, or "" if nothing is.
func (t *torture) lays(ghost *client.Client, lag time.Duration) string {
	ctx, cancel := context.WithTimeout(t.life, pace.Of(ghostWithin)+lag)
	defer cancel()
	for {
		m, err := ghost.Recv(ctx)
		if end, ok := errors.AsType[*client.CloseError](err); ok {
			switch end.Code {
			case protocol.CloseReplaced, protocol.CloseHibernated, protocol.CloseRestart, protocol.CloseOverloaded, client.CloseLost:
				return ""
			}
			return fmt.Sprintf("closed with %d", end.Code)
		}
		switch {
		case err != nil:
			return "still open"
		case m.Type == "chat_ended":
			return "its end_chat was answered"
		}
	}
}
