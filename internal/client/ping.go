package client

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
)

// ping is a ping from the server that carries a number.
type ping struct {
	behind uint64 // number of messages before it
	data   string
}

// pinged answers a ping from the server. A ping without a number asks for a sign of life and is answered at once. A ping
// with a number asks whether the messages before it were seen, so the answer waits until the caller has taken them: a frame
// that the caller sends because of such a message precedes the pong.
func (c *Client) pinged(data string) error {
	switch {
	case c.opts.Mute, c.gone.Load():
	case data == "":
		c.pong(ping{})
	default:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.pings = append(c.pings, ping{c.read, data})
		c.answer()
	}
	return nil
}

// answer answers the pings that are due. The caller holds mu.
func (c *Client) answer() {
	if c.gone.Load() {
		return
	}
	for len(c.pings) > 0 && c.pings[0].behind <= c.taken {
		c.pong(c.pings[0])
		c.pings = c.pings[1:]
	}
}

// pong answers p, now or once the queue's writer has finished its message.
func (c *Client) pong(p ping) {
	if c.queue != nil {
		c.queue.pong(p)
		return
	}
	c.writePong(p)
}

// writePong writes a pong; if that fails, the read loop sees the end of the socket too.
func (c *Client) writePong(p ping) {
	if c.opts.Ponged != nil && p.data != "" {
		c.opts.Ponged(int(p.behind))
	}
	_ = c.ws.WriteControl(websocket.PongMessage, []byte(p.data), time.Now().Add(writeTimeout))
}

// Vanish stops answering pings. The socket stays open, like that of a client that vanished without its server noticing.
func (c *Client) Vanish() { c.gone.Store(true) }

// PingSocket sends a WebSocket ping and waits for its pong (RFC 6455, section 5.5.3). Only one call may run at a time. The
// answer is read only while there is room in the buffer.
func (c *Client) PingSocket(ctx context.Context) error {
	data := rand.Text()
	if err := c.ws.WriteControl(websocket.PingMessage, []byte(data), time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	for {
		select {
		case got := <-c.pongs:
			if got == data {
				return nil
			}
		case <-c.done:
			return fmt.Errorf("await the pong of a WebSocket ping: %w", c.CloseErr())
		case <-ctx.Done():
			return fmt.Errorf("await the pong of a WebSocket ping: %w", ctx.Err())
		}
	}
}

// ponged keeps the payload of the last pong.
func (c *Client) ponged(data string) error {
	select {
	case <-c.pongs:
	default:
	}
	c.pongs <- data // the read loop is the only one that sends, so there is room
	return nil
}
