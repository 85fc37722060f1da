package ws

import (
	"slices"
	"sync"
	"sync/atomic"

	"chatme/internal/chat"
)

const (
	// readerSize is what a reader that waits at a rate counts for: its stack and its buffer.
	readerSize = 16 << 10
	// readersPart is the part of the budget that such readers may count for, all together: 1 in this many.
	readersPart = 8
)

// budget bounds the bytes of large frames in memory, over all connections and for each network. Frames up to smallFrame
// neither wait for it nor count: however many large frames there are, small ones always find room. A socket holds at most
// one frame, because it reads them in order, and one more in its outbox.
//
// A frame whose header states its length takes all its room before the rest of it is read. A frame in fragments takes
// room as it grows, as long as that leaves enough for one frame of the largest size, and otherwise all that it may still
// need. Frames that find no room wait in one line, first come, first served, except that a frame whose network holds its
// share lets the frames of other networks pass.
//
// SO THE HEAD OF THE LINE, THE FIRST FRAME WHOSE NETWORK HAS ROOM, EVENTUALLY FITS, whatever the waiting frames hold: it
// needs no more than one frame of the largest size; frames that grow in steps have left that much of the budget, readers
// that wait at a rate never take it, and everything else in memory waits for no room. AND THE FIRST FRAME OF A NETWORK
// EVENTUALLY HAS ROOM IN ITS SHARE, for the same reason: a share holds at least one frame of the largest size, frames
// that grow in steps have left that much of it, and no later frame of the network passes the first. The frames ahead of
// one in the line are finitely many, so each becomes the head.
type budget struct {
	clock func() chat.Time // server time
	most  int64            // bytes of the largest frame
	moved atomic.Int64     // when a frame that holds room last made progress

	mu      sync.Mutex
	max     int64
	parts   int64 // a network holds at most one part in this many, but always one largest frame
	used    int64
	readers int64              // of used: readers that wait at a rate
	held    map[uint64]*holder // networks that hold room or wait for it, by ID; never 0
	lines   []*holder          // those that wait, in any order
	unknown holder             // frames of no network: no share applies
	tickets uint64             // given to places
}

// holder is what the frames of one network hold, and their part of the line.
type holder struct {
	id   uint64
	used int64
	line []*place // in order
}

// place is a place in the line.
type place struct {
	of     *holder
	ticket uint64        // lower ones come first
	want   int64         // additional bytes
	held   int64         // bytes that it already has
	given  chan struct{} // closed once the room is granted
}

func newBudget(max, most, parts int64, clock func() chat.Time) *budget {
	return &budget{max: max, most: most, parts: parts, clock: clock, held: make(map[uint64]*holder)}
}

// moves records that a frame that holds room has made progress.
func (b *budget) moves() { b.moved.Store(int64(b.clock())) }

// resize changes the bounds. Frames in memory beyond them stay until they are released.
func (b *budget) resize(max, parts int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.max, b.parts = max, parts
	b.serve()
}

// share returns how much a network may hold. The caller holds mu.
func (b *budget) share() int64 { return max(b.max/b.parts, b.most) }

// of returns the holder of a network, 0 for none. The caller holds mu.
func (b *budget) of(network uint64) *holder {
	if network == 0 {
		return &b.unknown
	}
	h := b.held[network]
	if h == nil {
		h = &holder{id: network}
		b.held[network] = h
	}
	return h
}

// adds changes what h holds. The caller holds mu.
func (b *budget) adds(h *holder, n int64) {
	b.used += n
	h.used += n
	b.forget(h)
}

// forget drops h if it neither holds room nor waits for it. The caller holds mu.
func (b *budget) forget(h *holder) {
	if h.used == 0 && len(h.line) == 0 && h.id != 0 {
		delete(b.held, h.id)
	}
}

// take takes want bytes more for a frame that has held, unless frames that it must not pass are waiting or there is no
// room.
func (b *budget) take(network uint64, want, held int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.of(network)
	defer b.forget(h)
	if len(h.line) > 0 || b.head() != nil || !b.hasShare(h, want, held) || !b.fits(want, held) {
		return false
	}
	b.adds(h, want)
	return true
}

// grow takes step bytes more if enough is left for a frame of the largest size, of the budget and of the share.
func (b *budget) grow(network uint64, step int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.of(network)
	defer b.forget(h)
	if b.used+step > b.max-b.most || h != &b.unknown && h.used+step > b.share()-b.most {
		return false
	}
	b.adds(h, step)
	return true
}

// queue puts a frame in the line; it gets its room in turn.
func (b *budget) queue(network uint64, want, held int64) *place {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.of(network)
	b.tickets++
	p := &place{of: h, ticket: b.tickets, want: want, held: held, given: make(chan struct{})}
	if h.line = append(h.line, p); len(h.line) == 1 {
		b.lines = append(b.lines, h)
	}
	b.serve()
	return p
}

// leave removes p from the line, and reports whether it already had its room.
func (b *budget) leave(p *place) (given bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.Index(p.of.line, p)
	if at < 0 {
		return true
	}
	b.remove(p.of, at)
	b.serve()
	return false
}

// remove removes the place at the index at from the line of h. The caller holds mu.
func (b *budget) remove(h *holder, at int) {
	if h.line = slices.Delete(h.line, at, at+1); len(h.line) == 0 {
		b.lines = slices.DeleteFunc(b.lines, func(of *holder) bool { return of == h })
		b.forget(h)
	}
}

// hasShare reports whether the network h may hold as much. A frame larger than the share is let in alone. The caller
// holds mu.
func (b *budget) hasShare(h *holder, want, held int64) bool {
	return h == &b.unknown || h.used+want <= b.share() || h.used == held
}

// fits reports whether there is room. A frame larger than the whole budget is let in alone. The caller holds mu.
func (b *budget) fits(want, held int64) bool { return b.used+want <= b.max || b.used-b.readers == held }

// head returns the first place in the line whose network has room; nil if there is none. The caller holds mu.
func (b *budget) head() (first *place) {
	for _, h := range b.lines {
		p := h.line[0]
		if (first == nil || p.ticket < first.ticket) && b.hasShare(h, p.want, p.held) {
			first = p
		}
	}
	return first
}

// serve grants room from the head of the line. The caller holds mu.
func (b *budget) serve() {
	for {
		p := b.head()
		if p == nil || !b.fits(p.want, p.held) {
			return
		}
		b.adds(p.of, p.want)
		b.remove(p.of, 0)
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
	n := 0
	for _, h := range b.lines {
		n += len(h.line)
	}
	return n
}

// charge takes n bytes that are already in memory, over the bounds if necessary: they are in the outbox of a client of
// this network.
func (b *budget) charge(network uint64, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.adds(b.of(network), n)
}

// free gives back n bytes that this network held.
func (b *budget) free(network uint64, n int64) {
	if n == 0 {
		return
	}
	b.moves()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.adds(b.of(network), -n)
	b.serve()
}

// chargeReader counts a reader that begins to wait at a rate, and returns for how much: 0 once such readers count for
// their part of the budget, or if that would leave less than one largest frame, so that a crowd of them keeps no large
// frame out.
func (b *budget) chargeReader() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.readers+readerSize > b.max/readersPart || b.used+readerSize > b.max-b.most {
		return 0
	}
	b.readers += readerSize
	b.used += readerSize
	return readerSize
}

// freeReader undoes chargeReader. It is not progress of a frame.
func (b *budget) freeReader(n int64) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.readers -= n
	b.used -= n
	b.serve()
}
