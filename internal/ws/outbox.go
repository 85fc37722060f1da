package ws

import (
	"slices"
	"sync"

	"chatme/internal/chat"
)

// item is one thing to write: an event of the lobby, or what the socket layer says by itself.
type item struct {
	event chat.Event
	raw   string // a whole JSON text, and event is zero; or, with a Close, its reason
	free  bool   // tells of nothing that is committed, and overtakes what is held
	pong  bool   // raw is the payload of a WebSocket pong
}

const (
	// frameOverhead is what an item counts beside its body, in bytes.
	frameOverhead = 256
)

func (it *item) size() int {
	return frameOverhead + len(it.raw) + len(it.event.Text) + len(it.event.Image)
}

// small says whether it is written at once: the system takes that much, or nothing.
func (it *item) small() bool { return it.event.Kind != chat.Replay && it.size() <= fragment }

// outbox is what waits to be written to one socket, in order.
type outbox struct {
	items    []item
	head     int    // index of the first item; those before it are written
	bytes    int    // of the items not written, the one being written included
	large    int    // of those, in items larger than OutboxBytes, charged to the budget
	released uint64 // items that depend on a later batch wait, and all behind them
}

// push appends it, if it fits: at most frames items and limit bytes, beside one larger item. A free item goes
// before those that are held.
func (o *outbox) push(it item, frames, limit int) bool {
	size := it.size()
	switch {
	case o.len() >= frames:
		return false
	case size > limit && o.large > 0:
		return false
	case size <= limit && o.bytes-o.large+size > limit:
		return false
	case size > limit:
		o.large += size
	}
	o.bytes += size
	at := len(o.items)
	if it.free {
		at = o.held()
	}
	if o.items == nil {
		o.items = itemBuffers.Get().(*[fewItems]item)[:0]
	}
	o.items = slices.Insert(o.items, at, it)
	return true
}

// itemBuffers is a pool of room for items: most outboxes hold one or two, and those for a moment.
var itemBuffers = sync.Pool{New: func() any { return new([fewItems]item) }}

const fewItems = 4

// held is the index of the first item that may not leave yet: the length if there is none.
func (o *outbox) held() int {
	for i := o.head; i < len(o.items); i++ {
		if o.items[i].event.After > o.released {
			return i
		}
	}
	return len(o.items)
}

// dropHeld drops what will never be released, all that stands behind it included, and returns how many items that
// were and what they held of the budget. A typing_stop stays: it tells of nothing that is committed.
func (o *outbox) dropHeld(limit int) (dropped int, charged int64) {
	at := o.held()
	kept := o.items[:at]
	for _, it := range o.items[at:] {
		if it.event.Kind == chat.TypingStop {
			it.event.After = 0
			kept = append(kept, it)
			continue
		}
		dropped++
		if it.event.Kind != chat.Close {
			charged += o.written(it.size(), limit)
		}
	}
	clear(o.items[len(kept):])
	o.items = kept
	return dropped, charged
}

func (o *outbox) len() int { return len(o.items) - o.head }

// pop takes the first item, if there is one and it may leave.
func (o *outbox) pop() (item, bool) {
	if !o.open() {
		return item{}, false
	}
	it := o.items[o.head]
	o.items[o.head] = item{}
	o.head++
	if o.head == len(o.items) { // at rest it holds no memory
		if cap(o.items) == fewItems {
			itemBuffers.Put((*[fewItems]item)(o.items[:fewItems]))
		}
		o.items, o.head = nil, 0
	}
	return it, true
}

// first is the one to be written next; there MUST be one.
func (o *outbox) first() *item { return &o.items[o.head] }

// open says whether the first item may leave.
func (o *outbox) open() bool {
	return o.len() > 0 && o.items[o.head].event.After <= o.released
}

// written takes an item off the books and returns what it held of the budget.
func (o *outbox) written(size, limit int) int64 {
	o.bytes -= size
	if size <= limit {
		return 0
	}
	o.large -= size
	return int64(size)
}

// clear drops everything but the item being written, and returns what it held of the budget.
func (o *outbox) clear(limit int) (charged int64) {
	for _, it := range o.items[o.head:] {
		if it.event.Kind != chat.Close {
			charged += o.written(it.size(), limit)
		}
	}
	o.items, o.head = nil, 0
	return charged
}
