package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
)

// CloseLost is the Code of a socket that ended without a close frame (RFC 6455, section 7.1.5).
const CloseLost = websocket.CloseAbnormalClosure

// CloseError is how a socket ended.
type CloseError struct {
	Code   int    // of the close frame; CloseLost if none arrived
	Reason string // of that frame
	Err    error  // with CloseLost: the read error
}

func (e *CloseError) Error() string {
	if e.Code == CloseLost {
		return fmt.Sprintf("socket lost: %v", e.Err)
	}
	return fmt.Sprintf("closed %d %q", e.Code, e.Reason)
}

func (e *CloseError) Unwrap() error { return e.Err }

// errDropped is the error of a socket that Drop cut.
var errDropped = errors.New("dropped by this client")

func closeError(err error) *CloseError {
	if ce, ok := errors.AsType[*websocket.CloseError](err); ok && ce.Code != CloseLost {
		return &CloseError{Code: ce.Code, Reason: ce.Text}
	}
	return &CloseError{Code: CloseLost, Err: err}
}

// CloseErr returns how the socket ended, or nil while it is open. Earlier messages may still be in the buffer.
func (c *Client) CloseErr() *CloseError {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end
}

// Drop cuts the connection without a close frame. Messages in the buffer can still be received.
func (c *Client) Drop() {
	c.drop.Do(func() { close(c.cut) })
	if c.queue != nil {
		c.queue.close()
	}
	c.ws.NetConn().Close()
}

// Close sends a close frame with code (0: none), waits briefly for the server's answer, and cuts the connection. The
// answer is not read while the buffer is full.
func (c *Client) Close(code int) error {
	defer c.Drop()
	var payload []byte
	if code != 0 {
		payload = websocket.FormatCloseMessage(code, "")
	}
	if err := c.ws.WriteControl(websocket.CloseMessage, payload, time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	select {
	case <-c.done:
	case <-time.After(closeGrace):
	}
	return nil
}

// Done is closed once the socket has ended.
func (c *Client) Done() <-chan struct{} { return c.done }
