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

// Congested returns the Conn whose outbox has no room for a message of so many bytes from the Conn id, nil if there is
// room. It is for a message that is still to be read, which may yet turn out to be something else.
func (h *Hub) Congested(id chat.ConnID, bytes int) Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	partner, _ := h.lobby.PartnerOf(id)
	if conn := h.conns[partner]; conn != nil && !conn.HasRoom(bytes) {
		return conn
	}
	return nil
}

// LargestEntry is how many bytes the largest letter has that is held for the session of the Conn id.
func (h *Hub) LargestEntry(id chat.ConnID) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lobby.LargestEntry(id)
}

// postpone prepares c, which is not done now, for the next call. The caller holds mu.
func (h *Hub) postpone(c *Command) {
	if c.Op == chat.Send && c.Pair == 0 {
		_, c.Pair = h.lobby.PartnerOf(c.Conn)
	}
	c.Arrived = 0 // when it is done is another moment
}
