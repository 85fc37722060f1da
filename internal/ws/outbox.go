package ws

import (
	"slices"
	"sync"

	"chatme/internal/chat"
	"chatme/internal/hub"
)

// item is one thing to write: an event of the lobby, or a text of the socket layer.
type item struct {
	event hub.Event
	raw   string // a complete JSON text, and event is zero; or, with a Close, its reason
	free  bool   // depends on no commit, and overtakes held items
}

const (
	// frameOverhead is what an item counts for in addition to its body, in bytes.
	frameOverhead = 256
)

func (it *item) size() int {
	return frameOverhead + len(it.raw) + len(it.event.Text) + len(it.event.Image)
}

// small reports whether it is written at once: the system takes it completely or not at all.
func (it *item) small() bool { return it.event.Kind != chat.Replay && it.size() <= fragment }

// outbox is the queue of items to be written to one socket, in order.
type outbox struct {
	items    []item
	head     int32  // index of the first item; those before it are written
	frames   int32  // items not written, including the one being written; a close does not count
	bytes    int    // of those
	large    int    // of those, in large items, which are charged to the budget
	released uint64 // items that depend on a later batch wait, and all behind them
}

// isLarge reports whether an item of this size does not count toward the limit of bytes.
func isLarge(size, limit int) bool { return size > limit/2 }

// push appends it, if it fits: at most frames items and limit bytes, in addition to one large item. A free item goes
// before those that are held.
func (o *outbox) push(it item, frames, limit int) bool {
	size := it.size()
	large := isLarge(size, limit)
	switch {
	case int(o.frames) >= frames:
		return false
	case large && o.large > 0:
		return false
	case !large && o.bytes-o.large+size > limit:
		return false
	case large:
		o.large += size
	}
	o.frames++
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

// hasRoom reports whether a message of this size fits into the part of the outbox for messages: half of the frames and
// of the bytes are reserved for items that do not wait.
func (o *outbox) hasRoom(size, frames, limit int) bool {
	switch {
	case int(o.frames) >= (frames+1)/2:
		return false
	case isLarge(size, limit):
		return o.large == 0
	}
	return o.bytes-o.large+size <= limit/2
}

// isCrowded reports whether there are so many frames that the reader, whose frames are answered here, must wait. The
// last quarter is for events caused by others.
func (o *outbox) isCrowded(frames int) bool { return int(o.frames) > frames-frames/4 }

// supersede drops what is made obsolete by it, which is appended next: an earlier typing event, or an earlier ack, of
// the same chat. Neither waits for room, so a flood of them would end a Conn whose peer reads slowly. As long as there
// is room nothing is dropped.
func (o *outbox) supersede(it *item, frames, limit int) {
	of := standing(it.event.Kind)
	if of == 0 || o.large == 0 && int(o.frames) < frames/2 {
		return
	}
	for i := len(o.items) - 1; i >= int(o.head); i-- {
		switch before := &o.items[i]; {
		case standing(before.event.Kind) == of:
			it.event.After = max(it.event.After, before.event.After)
			o.written(before.size(), limit) // it is small
			o.items = slices.Delete(o.items, i, i+1)
			return
		case before.event.Kind == chat.Matched || before.event.Kind == chat.PartnerDisconnected:
			return // earlier items belong to another chat
		}
	}
}

// standing returns the Kind under which an event reports a state, of which only the latest counts; 0 if the event
// reports what has happened.
func standing(k chat.Kind) chat.Kind {
	switch k {
	case chat.TypingStart, chat.TypingStop:
		return chat.TypingStart
	case chat.Acked:
		return chat.Acked
	}
	return 0
}

// itemBuffers is a pool of item arrays: most outboxes hold one or two items, and only for a moment.
var itemBuffers = sync.Pool{New: func() any { return new([fewItems]item) }}

const fewItems = 4

// held returns the index of the first item that may not leave yet: the length if there is none.
func (o *outbox) held() int {
	for i := int(o.head); i < len(o.items); i++ {
		if o.items[i].event.After > o.released {
			return i
		}
	}
	return len(o.items)
}

// dropHeld drops the items that will never be released, including all behind them, and returns their number and their
// part of the budget. A typing_stop stays: it depends on no commit.
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

func (o *outbox) len() int { return len(o.items) - int(o.head) }

// pop removes and returns the first item, if there is one and it may leave.
func (o *outbox) pop() (item, bool) {
	if !o.open() {
		return item{}, false
	}
	it := o.items[o.head]
	o.items[o.head] = item{}
	o.head++
	if o.len() == 0 { // at rest it holds no memory
		if cap(o.items) == fewItems {
			itemBuffers.Put((*[fewItems]item)(o.items[:fewItems]))
		}
		o.items, o.head = nil, 0
	}
	return it, true
}

// first returns the item to be written next; there MUST be one.
func (o *outbox) first() *item { return &o.items[o.head] }

// open reports whether the first item may leave.
func (o *outbox) open() bool {
	return o.len() > 0 && o.items[o.head].event.After <= o.released
}

// written deducts an item from the counts and returns its part of the budget.
func (o *outbox) written(size, limit int) int64 {
	o.frames--
	o.bytes -= size
	if !isLarge(size, limit) {
		return 0
	}
	o.large -= size
	return int64(size)
}

// clear drops everything but the item being written, and returns their part of the budget.
func (o *outbox) clear(limit int) (charged int64) {
	for _, it := range o.items[o.head:] {
		if it.event.Kind != chat.Close {
			charged += o.written(it.size(), limit)
		}
	}
	o.items, o.head = nil, 0
	return charged
}
