package client

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"chatme/internal/protocol"
)

// readLoop reads until the socket ends. Then CloseErr reports how, and in is closed.
func (c *Client) readLoop() {
	err := c.readFrames()
	c.mu.Lock()
	c.end = closeError(err)
	c.mu.Unlock()
	c.ws.Close()
	if c.queue != nil {
		c.queue.close()
	}
	close(c.in)
	close(c.done)
}

func (c *Client) readFrames() error {
	for {
		_, data, err := c.ws.ReadMessage()
		if err != nil {
			return err
		}
		if c.opts.Tap != nil {
			c.opts.Tap(data)
		}
		var m protocol.ServerMessage
		if err := json.Unmarshal(data, &m); err != nil {
			return fmt.Errorf("decode a frame from the server: %w", err)
		}
		c.mu.Lock()
		c.read++
		c.mu.Unlock()
		select {
		case c.in <- m:
		case <-c.cut:
			return errDropped
		}
	}
}

// Recv returns the next message. After the last one it returns a *CloseError; if ctx ends first, its error.
func (c *Client) Recv(ctx context.Context) (protocol.ServerMessage, error) {
	select {
	case m, ok := <-c.in: // a buffered message counts, even if ctx has ended
		return c.take(m, ok)
	default:
	}
	select {
	case m, ok := <-c.in:
		return c.take(m, ok)
	case <-ctx.Done():
		return protocol.ServerMessage{}, fmt.Errorf("nothing from the server, last %s: %w", c.lastHeard(), ctx.Err())
	}
}

// remembered is how many recent messages an error names.
const remembered = 8

func (c *Client) take(m protocol.ServerMessage, ok bool) (protocol.ServerMessage, error) {
	if !ok {
		return m, c.CloseErr()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken++
	c.answer()
	c.state.apply(&m)
	if len(c.heard) == remembered {
		c.heard = slices.Delete(c.heard, 0, 1)
	}
	c.heard = append(c.heard, c.describe(m))
	return m, nil
}

func (c *Client) lastHeard() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.heard) == 0 {
		return "nothing"
	}
	return strings.Join(c.heard, ", ")
}

// Expect returns the next message, which must be one of types. An ack may come at any time, so one that types does not
// name is skipped; so is the typing_stop that a legacy client gets before its first matched.
func (c *Client) Expect(ctx context.Context, types ...string) (protocol.ServerMessage, error) {
	before := c.lastHeard()
	for {
		m, err := c.Recv(ctx)
		switch {
		case err != nil:
			return m, fmt.Errorf("want %s: %w", strings.Join(types, " or "), err)
		case slices.Contains(types, m.Type):
			return m, nil
		case m.Type == "typing_stop" && c.opts.Legacy && slices.Contains(types, "matched"):
		case m.Type != "ack":
			return m, fmt.Errorf("want %s, got %s (after %s)", strings.Join(types, " or "), c.describe(m), before)
		}
	}
}

// Await returns the next message of one of types and skips all others.
func (c *Client) Await(ctx context.Context, types ...string) (protocol.ServerMessage, error) {
	for {
		m, err := c.Recv(ctx)
		if err != nil {
			return m, fmt.Errorf("await %s (last %s): %w", strings.Join(types, " or "), c.lastHeard(), err)
		}
		if slices.Contains(types, m.Type) {
			return m, nil
		}
	}
}

// Greet takes the answer to auth: auth_success and, for a resumable client, the session_id, resumed or resume_failed that
// follows. It returns the last of them.
func (c *Client) Greet(ctx context.Context) (protocol.ServerMessage, error) {
	m, err := c.Expect(ctx, "auth_success")
	if err != nil || c.opts.Legacy {
		return m, err
	}
	return c.Expect(ctx, "session_id", "resumed", "resume_failed")
}

func (c *Client) describe(m protocol.ServerMessage) string {
	if c.opts.NoText {
		m.Text = ""
	}
	return Describe(&m)
}

// Describe describes a message for people: its type and its main members, without a session ID or an image.
func Describe(m *protocol.ServerMessage) string {
	var about []string
	add := func(name string, value any, there bool) {
		if there {
			about = append(about, fmt.Sprintf("%s=%v", name, value))
		}
	}
	add("error", m.Error, m.Error != "")
	add("code", m.Code, m.Code != "")
	add("state", m.State, m.State != "")
	add("partner", m.PartnerID, m.PartnerID != "")
	add("from", m.From, m.From != "")
	add("n", m.N, m.N != 0)
	add("expect", m.Expect, m.Expect != 0)
	add("recv", m.Recv, m.Recv != 0)
	add("last", m.Last, m.Last != 0)
	add("text", fmt.Sprintf("%.40q", m.Text), m.Text != "")
	if len(about) == 0 {
		return m.Type
	}
	return m.Type + "{" + strings.Join(about, " ") + "}"
}
