package ws

import (
	"chatme/internal/network"
	"chatme/internal/protocol"
	"chatme/internal/tail"

	"github.com/gorilla/websocket"
)

// Refused publishes that an upgrade from a network was refused, here or earlier. status is the HTTP status.
func (e *Endpoint) Refused(from network.Network, reason string, status int) {
	if e.cfg.Tail.Active() {
		e.cfg.Tail.Publish(tail.Event{Type: tail.Upgrade, Network: from.ID(), Failed: true, Reason: reason, Code: status})
	}
}

// closedEvent returns the event for the end of c. The caller holds mu.
func (c *Conn) closedEvent() tail.Event {
	event := tail.Event{
		Type: tail.Closed, Conn: uint64(c.id), Reason: c.reason, Code: c.code, Failed: c.wentWrong(),
		MS: int64(c.e.clock() - c.opened), In: int64(c.stats.in), Out: int64(c.stats.out),
	}
	if c.authed.Load() {
		event.Session = c.session
	}
	return event
}

// wentWrong reports whether c ended abnormally: a user leaving, a phone in a tunnel and a restart are normal. The caller
// holds mu.
func (c *Conn) wentWrong() bool {
	switch c.code {
	case 0: // there was no close frame
		return c.reason != "socket lost" && c.reason != "silent" && c.reason != writeFailed
	case protocol.CloseChatEnded, protocol.CloseRestart, protocol.CloseHibernated, protocol.CloseReplaced, protocol.CloseRevoked,
		websocket.CloseGoingAway, websocket.CloseNoStatusReceived: // sent by a browser that navigates away
		return false
	}
	return true
}
