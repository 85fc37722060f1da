package hub

import (
	"context"
	"slices"
	"time"

	"chatme/internal/chat"
)

const (
	// ringPatience is how long a large message waits while nothing leaves the rings.
	ringPatience = 10 * time.Second
	// ringAmple is for how many messages of its size the rings must have room so that a message need not wait.
	ringAmple = 4
)

// ringLine is the line of large messages that are not read yet because the rings have no room for them. If they were read
// now, they would be refused and sent again, repeatedly.
type ringLine struct {
	waiting  []large // in order
	promised map[chat.ConnID]promise
	sum      int64                  // of promised
	shares   map[chat.Network]int64 // of promised, by receiver
}

// large is a message that waits.
type large struct {
	id    chat.ConnID
	bytes int64
}

// promise is the room for a message that is being read.
type promise struct {
	to    chat.Network
	bytes int64
}

// AwaitRing returns once the rings have room for a message of the given size from the Conn id, which is not read yet, or
// if the message needs no room there. Its room is reserved until the message is done. AwaitRing returns without room, and
// the message will be refused, if nothing has left the rings for a while or ctx ends. It does so at once for a session
// that has messages of its partner to confirm: the confirmation that all wait for may come after this message.
func (h *Hub) AwaitRing(ctx context.Context, id chat.ConnID, bytes int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r := h.lobby.Ring(id, bytes); !r.Needed || h.ringHasRoom(&r, ringAmple*bytes) {
		return
	}
	line := &h.ring
	line.waiting = append(line.waiting, large{id, bytes})
	defer func() {
		line.waiting = slices.DeleteFunc(line.waiting, func(each large) bool { return each.id == id })
		h.room.Broadcast()
	}()
	goes := func() bool {
		r := h.lobby.Ring(id, bytes)
		return !r.Needed || r.Owes || h.ringHasRoom(&r, bytes) && h.isNextForRing(id)
	}
	for used, over := int64(-1), false; !over; {
		patient, cancel := context.WithTimeout(ctx, ringPatience)
		err := h.await(patient, goes)
		cancel()
		if err == nil {
			break
		}
		r := h.lobby.Ring(id, bytes)
		now := r.Used
		if !h.ringShareHasRoom(&r, bytes) {
			now = r.Held // what others confirm makes no room here
		}
		over = ctx.Err() != nil || now == used
		used = now
	}
	if r := h.lobby.Ring(id, bytes); r.Needed && h.ringHasRoom(&r, bytes) {
		line.promise(id, r.For, bytes)
	}
}

// ringHasRoom reports whether the rings, and the receiver's share of them, have unreserved room. The caller must hold mu.
func (h *Hub) ringHasRoom(r *chat.Ring, bytes int64) bool {
	return h.ring.sum+bytes <= r.Free && h.ringShareHasRoom(r, bytes)
}

// ringShareHasRoom reports whether the receiver's share has unreserved room. The first message to a network that has nothing
// in the rings finds room there, however large it is. The caller must hold mu.
func (h *Hub) ringShareHasRoom(r *chat.Ring, bytes int64) bool {
	return h.ring.shares[r.For]+bytes <= r.Share
}

// isNextForRing reports whether id is the first in the line that its receiver's share does not hold up: a network that
// confirms nothing delays only the messages to it. The caller must hold mu.
func (h *Hub) isNextForRing(id chat.ConnID) bool {
	for _, each := range h.ring.waiting {
		if each.id == id {
			return true
		}
		if r := h.lobby.Ring(each.id, each.bytes); h.ringShareHasRoom(&r, each.bytes) {
			return false
		}
	}
	return false
}

func (l *ringLine) promise(id chat.ConnID, to chat.Network, bytes int64) {
	if l.promised == nil {
		l.promised, l.shares = make(map[chat.ConnID]promise), make(map[chat.Network]int64)
	}
	l.release(id) // of a frame that turned out not to be a message
	l.promised[id] = promise{to, bytes}
	l.sum += bytes
	if to != 0 {
		l.shares[to] += bytes
	}
}

func (l *ringLine) release(id chat.ConnID) {
	p := l.promised[id]
	l.sum -= p.bytes
	delete(l.promised, id)
	if p.to != 0 {
		if l.shares[p.to] -= p.bytes; l.shares[p.to] == 0 {
			delete(l.shares, p.to)
		}
	}
}

// done releases the room promised for the message that c may be. The caller must hold mu.
func (l *ringLine) done(c *chat.Command) {
	switch c.Op {
	case chat.Pong, chat.Heard: // may come between two fragments
	default:
		l.release(c.Conn)
	}
}
