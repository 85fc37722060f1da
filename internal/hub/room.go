package hub

import "chatme/internal/chat"

// full returns the Conn whose outbox has no room for the message that c is, nil if c may be done. The caller holds mu.
func (h *Hub) full(c *chat.Command) Conn {
	if c.Op != chat.Send {
		return nil
	}
	partner, pair := h.lobby.PartnerOf(c.Conn)
	conn := h.conns[partner]
	if conn == nil || c.Pair != 0 && c.Pair != pair || conn.HasRoom(len(c.Text)+len(c.Image)) {
		return nil
	}
	return conn
}

// postpone prepares c, which is not done now, for the next call. The caller holds mu.
func (h *Hub) postpone(c *chat.Command) {
	if c.Op == chat.Send && c.Pair == 0 {
		_, c.Pair = h.lobby.PartnerOf(c.Conn)
	}
	c.Arrived = 0 // when it is done is another moment
}
