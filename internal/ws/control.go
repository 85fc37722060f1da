package ws

import (
	"time"

	"github.com/gorilla/websocket"
)

// maxPongs is how many pings may wait for their pongs.
const maxPongs = 16

// owePong records the payload of a ping. The caller holds mu.
func (c *Conn) owePong(payload string) {
	if c.pongsDue == nil {
		c.pongsDue = new([]string)
	}
	if due := *c.pongsDue; len(due) == maxPongs {
		due[maxPongs-1] = payload
	} else {
		*c.pongsDue = append(due, payload)
	}
}

// isDue reports whether there is something to write that may leave. The caller holds mu.
func (c *Conn) isDue() bool { return c.pingDue || c.pongsDue != nil || c.out.open() }

// takeControls returns and clears the control frames that are due. The caller holds mu.
func (c *Conn) takeControls() controls {
	due := controls{ping: c.pingDue}
	if c.pongsDue != nil {
		due.pongs = *c.pongsDue
	}
	c.pingDue, c.pongsDue = false, nil
	return due
}

// controls are the control frames that are due.
type controls struct {
	ping  bool
	pongs []string // their payloads
}

// writeControls writes them, between two messages or two fragments of one.
func (c *Conn) writeControls(due controls) (err error) {
	if due.ping {
		err = c.writePing(0)
	}
	for i := 0; err == nil && i < len(due.pongs); i++ {
		err = c.control(websocket.PongMessage, []byte(due.pongs[i]))
	}
	return err
}

// controlsMidway writes due pings and pongs between two fragments.
func (c *Conn) controlsMidway() error {
	c.mu.Lock()
	due := c.takeControls()
	c.mu.Unlock()
	return c.writeControls(due)
}

func (c *Conn) control(kind int, payload []byte) error {
	return c.ws.WriteControl(kind, payload, time.Time{})
}
