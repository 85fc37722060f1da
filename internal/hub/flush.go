package hub

import "sync"

// touched lists are used again: there is one for nearly every command.
var touchedLists = sync.Pool{New: func() any { return new([]Conn) }}

// touch has conn flushed at unlock. The caller holds mu.
func (h *Hub) touch(conn Conn) {
	if h.touched == nil {
		h.touched = touchedLists.Get().(*[]Conn)
	}
	if all := *h.touched; len(all) == 0 || all[len(all)-1] != conn {
		*h.touched = append(all, conn)
	}
}

// unlock ends what needed mu and has written what may leave by now.
func (h *Hub) unlock() { flush(h.release()) }

// release is unlock without the writing, which is left to the caller.
func (h *Hub) release() (touched *[]Conn) {
	touched, h.touched = h.touched, nil
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
