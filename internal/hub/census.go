package hub

import "chatme/internal/chat"

// counts are what happens so often that it is counted under the lock that is held anyway.
type counts struct {
	received  uint64 // messages that clients sent
	delivered uint64 // messages that were passed on to a socket as they came
	held      uint64 // letters that were committed
}

// Census is who is here and what the hub has done since it was made.
type Census struct {
	chat.Census
	Received, Delivered, Held uint64 // messages: sent by clients; passed on at once; committed to a mailbox
}

// Census counts the sessions one by one, under the lock: a millisecond for ten thousand of them.
func (h *Hub) Census() Census {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Census{
		Census:   h.lobby.Census(),
		Received: h.counts.received, Delivered: h.counts.delivered, Held: h.counts.held,
	}
}

// count counts what c made the lobby tell. The caller holds mu.
func (h *Hub) count(c *chat.Command, e *chat.Event) {
	switch e.Kind {
	case chat.Message:
		h.counts.delivered++
		e.Arrived = c.Arrived
	case chat.Resumed:
		e.Arrived = c.Arrived
	case chat.Error, chat.ResumeFailed:
		h.cfg.Metrics.Error(string(e.Code))
	}
}
