package hub

import (
	"time"

	"chatme/internal/chat"
)

// counts are what happens so often that it is counted under the lock that is held anyway.
type counts struct {
	received  uint64 // messages that clients sent
	delivered uint64 // messages that were passed on to a socket as they came
	held      uint64 // letters that were committed
}

// Stats is who is here and what the hub has done since it was made.
type Stats struct {
	chat.Stats
	Received, Delivered, Held uint64 // messages: sent by clients; passed on at once; committed to a mailbox
}

// Stats counts the sessions one by one, under the lock: a millisecond for ten thousand of them.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Stats{
		Stats:    h.lobby.Stats(),
		Received: h.counts.received, Delivered: h.counts.delivered, Held: h.counts.held,
	}
}

// count counts what has happened. The caller holds mu.
func (h *Hub) count(facts []chat.Fact) {
	for i := range facts {
		switch f := &facts[i]; f.Kind {
		case chat.FactRelayed:
			h.counts.delivered++
		case chat.FactMatched:
			h.cfg.Metrics.MatchWait.Observe(time.Duration(f.Took) * time.Millisecond)
		case chat.FactErred, chat.FactRefused:
			h.cfg.Metrics.Error(string(f.Code))
		}
	}
}
