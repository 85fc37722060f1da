package ws

import (
	"bufio"
	"sync"

	"chatme/internal/hub"
	"chatme/internal/protocol"
)

const (
	// firstBuffer holds a common message; a buffer grows with the data received, never with the declared size.
	firstBuffer = 4 << 10
	// readBuffer is the number of bytes read from a socket at once.
	readBuffer = 4 << 10
)

// scratch is the working memory for handling one frame.
type scratch struct {
	data  []byte
	frame protocol.Frame
	cmd   hub.Command // of the frame
}

// scratches is a pool of scratch values, for frames up to smallFrame; larger ones are left to the garbage collector.
type scratches struct{ pool sync.Pool }

func (b *scratches) get() *scratch {
	if s, ok := b.pool.Get().(*scratch); ok {
		return s
	}
	return &scratch{data: make([]byte, 0, firstBuffer)}
}

// decode decodes the frame, and releases the data of a large one: its command may have to wait.
func (s *scratch) decode(rules *protocol.Rules) error {
	if cap(s.data) <= smallFrame {
		return rules.Decode(s.data, &s.frame)
	}
	data := s.data
	s.data = nil
	if cap(data)-len(data) > len(data)/4 { // otherwise the excess would stay allocated
		return rules.Decode(data, &s.frame)
	}
	return rules.Take(data, &s.frame)
}

func (b *scratches) put(s *scratch) {
	if s.data != nil && cap(s.data) <= smallFrame {
		s.data, s.frame, s.cmd = s.data[:0], protocol.Frame{}, hub.Command{}
		b.pool.Put(s)
	}
}

// readers is a pool of buffers to read into.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readBuffer) }}

// borrow puts a buffer under gorilla's reader for a turn: at rest a Conn has none.
func (c *Conn) borrow() {
	if c.lent == nil {
		c.lent = readers.Get().(*bufio.Reader)
		c.lent.Reset(&c.socket)
		c.reader = *c.lent
	}
}

// giveBack returns the buffer, unless there is data in it.
func (c *Conn) giveBack() {
	if c.reader.Buffered() == 0 {
		c.reader = bufio.Reader{}
		c.lent.Reset(nil)
		readers.Put(c.lent)
		c.lent = nil
	}
}
