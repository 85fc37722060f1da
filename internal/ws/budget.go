package ws

import (
	"slices"
	"sync"
	"sync/atomic"

	"chatme/internal/chat"
)

// budget bounds the bytes of large frames in memory, over all connections.
//
// A frame whose header states its length takes all its room before the rest of it is read. A frame in fragments takes
// room as it grows, as long as that leaves enough for one frame of the largest size, and otherwise all that it may still
// need. Frames that find no room wait in one line, first come, first served.
//
// SO THE HEAD OF THE LINE EVENTUALLY FITS, whatever the waiting frames hold: it needs no more than one frame of the
// largest size, frames that grow in steps have left that much, and everything else in memory waits for no room.
type budget struct {
	clock func() chat.Time // server time
	most  int64            // bytes of the largest frame
	moved atomic.Int64     // when a frame that holds room last made progress

	mu   sync.Mutex
	max  int64
	used int64
	line []*place // in order
}

// place is a place in the line.
type place struct {
	want  int64         // additional bytes
	held  int64         // bytes that it already has
	given chan struct{} // closed once the room is granted
}

func newBudget(max, most int64, clock func() chat.Time) *budget {
	return &budget{max: max, most: most, clock: clock}
}

// moves records that a frame that holds room has made progress.
func (b *budget) moves() { b.moved.Store(int64(b.clock())) }

// resize changes the bound. Frames in memory beyond it stay until they are released.
func (b *budget) resize(max int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.max = max
	b.serve()
}

// take takes want bytes more for a frame that has held, if the line is empty and there is room for them.
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

// queue puts a frame in the line; it gets its room in turn.
func (b *budget) queue(want, held int64) *place {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &place{want: want, held: held, given: make(chan struct{})}
	b.line = append(b.line, p)
	b.serve()
	return p
}

// leave removes p from the line, and reports whether it already had its room.
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

// fits reports whether there is room. A frame larger than the whole budget is let in alone. The caller holds mu.
func (b *budget) fits(want, held int64) bool { return b.used+want <= b.max || b.used == held }

// serve grants room from the head of the line. The caller holds mu.
func (b *budget) serve() {
	for len(b.line) > 0 && b.fits(b.line[0].want, b.line[0].held) {
		p := b.line[0]
		b.line = slices.Delete(b.line, 0, 1)
		b.used += p.want
		close(p.given)
	}
}

// inUse returns the bytes taken.
func (b *budget) inUse() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// waiting returns the length of the line.
func (b *budget) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.line)
}

// charge takes n bytes that are already in memory, over the bound if necessary.
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
