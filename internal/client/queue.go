package client

import (
	"errors"
	"sync"
)

// mostQueued is how many bytes OkHttp queues before it gives up on a socket.
const mostQueued = 16 << 20

var errQueueFull = errors.New("write: the queue is full or the socket has ended")

// queue is what the writer of Options.Queued has yet to write. It is safe for concurrent use.
type queue struct {
	mu     sync.Mutex
	more   *sync.Cond // on mu: there is something to write, or it is closed
	texts  [][]byte
	bytes  int // of texts
	newest *ping
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.more = sync.NewCond(&q.mu)
	return q
}

// push appends one message.
func (q *queue) push(text []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.bytes+len(text) > mostQueued {
		return errQueueFull
	}
	q.texts, q.bytes = append(q.texts, text), q.bytes+len(text)
	q.more.Signal()
	return nil
}

// pong queues the answer to p after the first message and before all others. It replaces an earlier unwritten answer.
func (q *queue) pong(p ping) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.newest = &p
	q.more.Signal()
}

// close ends the writer; queued messages are lost.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.more.Signal()
}

// next waits for something to write. It returns the first message, if any, and the ping to answer after it, if any. It
// returns false once the queue is closed. So a pong overtakes only what is behind a message that is written after its ping
// was read.
func (q *queue) next() (text []byte, p *ping, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.texts) == 0 && q.newest == nil && !q.closed {
		q.more.Wait()
	}
	if q.closed {
		return nil, nil, false
	}
	if len(q.texts) > 0 {
		text, q.texts = q.texts[0], q.texts[1:]
		q.bytes -= len(text)
	}
	p, q.newest = q.newest, nil
	return text, p, true
}

// writeLoop writes queued messages until the queue is closed or the socket has ended.
func (c *Client) writeLoop() {
	for {
		text, p, ok := c.queue.next()
		if !ok {
			return
		}
		if text != nil && c.writeText(text) != nil { // the read loop sees the end of the socket too
			c.queue.close()
			return
		}
		if p != nil {
			c.writePong(*p)
		}
	}
}
