package hub

import "sync"

// touched lists are used again: there is one for nearly every command.
var touchedLists = sync.Pool{New: func() any { return new([]Conn) }}

// flushLater has conn flushed at unlock. The caller holds mu.
func (h *Hub) flushLater(conn Conn) {
	if h.toFlush == nil {
		h.toFlush = touchedLists.Get().(*[]Conn)
	}
	if all := *h.toFlush; len(all) == 0 || all[len(all)-1] != conn {
		*h.toFlush = append(all, conn)
	}
}

// unlock ends what needed mu and has written what may leave by now.
func (h *Hub) unlock() { flush(h.unlockOnly()) }

// unlockOnly is unlock without the writing, which is left to the caller.
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
