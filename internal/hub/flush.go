package hub

import "sync"

// touchedLists reuses lists of touched Conns: nearly every command needs one.
var touchedLists = sync.Pool{New: func() any { return new([]Conn) }}

// flushLater makes unlock flush conn. The caller must hold mu.
func (h *Hub) flushLater(conn Conn) {
	if h.toFlush == nil {
		h.toFlush = touchedLists.Get().(*[]Conn)
	}
	if all := *h.toFlush; len(all) == 0 || all[len(all)-1] != conn {
		*h.toFlush = append(all, conn)
	}
}

// unlock releases mu and flushes the Conns that flushLater recorded.
func (h *Hub) unlock() { flush(h.unlockOnly()) }

// unlockOnly is unlock without the flush, which the caller must do.
func (h *Hub) unlockOnly() (touched *[]Conn) {
	touched, h.toFlush = h.toFlush, nil
	h.mu.Unlock()
	return touched
}

func flush(touched *[]Conn) {
	if touched == nil {
		return
	}
	for _, conn := range *touched {
		conn.Flush()
	}
	clear(*touched)
	*touched = (*touched)[:0]
	touchedLists.Put(touched)
}
