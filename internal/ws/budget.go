package ws

import (
	"slices"
	"sync"
	"sync/atomic"

	"chatme/internal/chat"
)

// budget bounds the bytes of large frames in memory, over all connections.
//
// A frame whose header tells how long it is takes its room whole before it is read on. One in fragments takes room as it
// grows, as long as that leaves enough for one frame of the largest size, and otherwise all that it may still need.
// Whoever finds no room stands in one line, first come, first served.
//
// SO THE HEAD OF THE LINE FITS IN THE END, whatever those hold that wait: it needs no more than one frame of the largest
// size, what grows in steps has left that much, and everything else in memory waits for no room.
type budget struct {
	clock func() chat.Time // server time
	most  int64            // bytes of the largest frame
	moved atomic.Int64     // when something that holds room last came on

	mu   sync.Mutex
	max  int64
	used int64
	line []*place // in their order
}

// place is one in the line.
type place struct {
	want  int64         // bytes more
	held  int64         // bytes that it has already
	given chan struct{} // closed once it has them
}

func newBudget(max, most int64, clock func() chat.Time) *budget {
	return &budget{max: max, most: most, clock: clock}
}

// moves notes that something that holds room has come on.
func (b *budget) moves() { b.moved.Store(int64(b.clock())) }

// resize changes the bound. What is in memory beyond it stays there until it is released.
func (b *budget) resize(max int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.max = max
	b.serve()
}

// take takes want bytes more for a frame that has held, if nobody waits and there is room for them.
func (b *budget) take(want, held int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.line) > 0 || !b.fits(want, held) {
		return false
	}
	b.used += want
	return true
}

// grow takes step bytes more if enough is left for a frame of the largest size.
func (b *budget) grow(step int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+step > b.max-b.most {
		return false
	}
	b.used += step
	return true
}

// queue puts a frame in the line and gives it its room in turn.
func (b *budget) queue(want, held int64) *place {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &place{want: want, held: held, given: make(chan struct{})}
	b.line = append(b.line, p)
	b.serve()
	return p
}

// leave takes p out of the line, and reports whether it has got its room by then.
func (b *budget) leave(p *place) (given bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.Index(b.line, p)
	if at < 0 {
		return true
	}
	b.line = slices.Delete(b.line, at, at+1)
	b.serve()
	return false
}

// fits reports whether there is room. A frame that is larger than all of it is let in alone. The caller holds mu.
func (b *budget) fits(want, held int64) bool { return b.used+want <= b.max || b.used == held }

// serve gives room to those it is their turn. The caller holds mu.
func (b *budget) serve() {
	for len(b.line) > 0 && b.fits(b.line[0].want, b.line[0].held) {
		p := b.line[0]
		b.line = slices.Delete(b.line, 0, 1)
		b.used += p.want
		close(p.given)
	}
}

// inUse is what is taken.
func (b *budget) inUse() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// waiting is how many stand in the line.
func (b *budget) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.line)
}

// charge takes n bytes that are in memory already, over the bound if need be.
func (b *budget) charge(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used += n
}

// free gives n bytes back.
func (b *budget) free(n int64) {
	if n == 0 {
		return
	}
	b.moves()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.serve()
}
