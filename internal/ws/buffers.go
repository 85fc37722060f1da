package ws

import "sync"

// firstBuffer holds a common message; a buffer grows with what really arrives, never with what is declared.
const firstBuffer = 4 << 10

// buffers is a pool of byte slices for frames up to smallFrame; larger ones are left to the collector.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() *[]byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return p
	}
	p := make([]byte, 0, firstBuffer)
	return &p
}

func (b *buffers) put(p *[]byte) {
	if cap(*p) <= smallFrame {
		*p = (*p)[:0]
		b.pool.Put(p)
	}
}
