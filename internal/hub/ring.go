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
	waiting  []chat.ConnID         // their Conns, in order
	promised map[chat.ConnID]int64 // bytes for messages that are being read
	sum      int64                 // of promised
}

// AwaitRing returns once the rings have room for a message of the given size from the Conn id, which is not read yet, or
// if the message needs no room there. Its room is reserved until the message is done. AwaitRing returns without room, and
// the message will be refused, if nothing has left the rings for a while or ctx ends. It does so at once for a session
// that has messages of its partner to confirm: the confirmation that all wait for may come after this message.
func (h *Hub) AwaitRing(ctx context.Context, id chat.ConnID, bytes int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r := h.lobby.Ring(id); !r.Needed || h.ringHasRoom(&r, ringAmple*bytes) {
		return
	}
	line := &h.ring
	line.waiting = append(line.waiting, id)
	defer func() {
		line.waiting = slices.DeleteFunc(line.waiting, func(each chat.ConnID) bool { return each == id })
		h.room.Broadcast()
	}()
	goes := func() bool {
		r := h.lobby.Ring(id)
		return !r.Needed || r.Owes || line.waiting[0] == id && h.ringHasRoom(&r, bytes)
	}
	for used, over := int64(-1), false; !over; {
		patient, cancel := context.WithTimeout(ctx, ringPatience)
		err := h.await(patient, goes)
		cancel()
		if err == nil {
			break
		}
		now := h.lobby.Ring(id).Used
		over = ctx.Err() != nil || now == used
		used = now
	}
	if r := h.lobby.Ring(id); r.Needed && h.ringHasRoom(&r, bytes) {
		line.promise(id, bytes)
	}
}

// ringHasRoom reports whether the rings have unreserved room. The caller must hold mu.
func (h *Hub) ringHasRoom(r *chat.Ring, bytes int64) bool { return h.ring.sum+bytes <= r.Free }

func (l *ringLine) promise(id chat.ConnID, bytes int64) {
	if l.promised == nil {
		l.promised = make(map[chat.ConnID]int64)
	}
	l.sum -= l.promised[id] // of a frame that turned out not to be a message
	l.promised[id] = bytes
	l.sum += bytes
}

// done releases the room promised for the message that c may be. The caller must hold mu.
func (l *ringLine) done(c *chat.Command) {
	switch c.Op {
	case chat.Send, chat.Malformed, chat.Activity, chat.Detach:
		l.sum -= l.promised[c.Conn]
		delete(l.promised, c.Conn)
	}
}
