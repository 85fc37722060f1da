package hub

import "chatme/internal/chat"

// full returns the Conn whose outbox has no room for the message c; nil if c may be done. The caller must hold mu.
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

// largeLetter is the size from which a message for a mailbox is large, in bytes: others notice how long its commit takes.
const largeLetter = 256 << 10

// hasLetter reports whether the next batch must not take the large message c too: it has mailbox entries of that size already,
// and everybody waits for a commit as long as all its bytes take. While commits fail nothing waits: the lobby refuses what is
// too much. The caller must hold mu.
func (h *Hub) hasLetter(c *chat.Command) bool {
	isLarge := c.Op == chat.Send && len(c.Text)+len(c.Image) >= largeLetter
	if !isLarge || h.lobby.NextMail() < largeLetter || h.failure != nil || h.stopped {
		return false
	}
	partner, pair := h.lobby.PartnerOf(c.Conn)
	return pair != 0 && partner == 0
}

// Congested returns the Conn whose outbox has no room for a message of the given size from the Conn id; nil if there is
// room. It is for a frame that is not read yet, and may turn out not to be a message.
func (h *Hub) Congested(id chat.ConnID, bytes int) Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	partner, _ := h.lobby.PartnerOf(id)
	if conn := h.conns[partner]; conn != nil && !conn.HasRoom(bytes) {
		return conn
	}
	return nil
}

// LargestEntry returns the size in bytes of the largest mailbox entry of the session of the Conn id.
func (h *Hub) LargestEntry(id chat.ConnID) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lobby.LargestEntry(id)
}

// postpone prepares c, which is not done now, for the next call. The caller must hold mu.
func (h *Hub) postpone(c *Command) {
	if c.Op == chat.Send && c.Pair == 0 {
		_, c.Pair = h.lobby.PartnerOf(c.Conn)
	}
	c.Arrived = 0 // it is done at another moment
}
