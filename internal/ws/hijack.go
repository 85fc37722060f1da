package ws

import (
	"bufio"
	"errors"
	"net"
	"net/http"
)

// hijacker hands gorilla a net.Conn that notes when bytes arrive: any received byte counts as life.
type hijacker struct {
	http.ResponseWriter
	conn *Conn
}

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	hj, ok := h.ResponseWriter.(http.Hijacker)
	if !ok {
		return nil, nil, errors.New("the connection cannot be taken over")
	}
	nc, rw, err := hj.Hijack()
	if err != nil {
		return nil, nil, err
	}
	c := h.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	c.net = &heard{Conn: nc, by: c} // under mu: a stop may cut the Conn while it shakes hands
	if c.closed {
		c.net.Close()
	}
	return c.net, rw, nil
}

// heard is a net.Conn whose reads count as signs of life.
type heard struct {
	net.Conn
	by *Conn
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	if n > 0 {
		h.by.seen.Store(h.by.e.patrol.now.Load())
	}
	return n, err
}
