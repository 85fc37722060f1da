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
	// ringAmple is how many messages of a size the rings must have room for that none of them waits.
	ringAmple = 4
)

// ringLine is the large messages that are not read yet because the rings have no room for them. Read now they would be
// refused, and sent again, and again.
type ringLine struct {
	waiting  []chat.ConnID         // whose, in their order
	promised map[chat.ConnID]int64 // bytes for those that are being read
	sum      int64                 // of promised
}

// AwaitRing returns once the rings have room for a message of so many bytes from the Conn id, which is still to be read, or
// it needs none there. Its room is kept until the message is done. It returns without room, and the message will be
// refused, when nothing has left the rings for a while, with the end of ctx, and at once for whoever has messages of its
// partner to confirm: perhaps what all wait for stands behind this message.
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

// ringHasRoom reports whether the rings have room that is not promised. The caller holds mu.
func (h *Hub) ringHasRoom(r *chat.Ring, bytes int64) bool { return h.ring.sum+bytes <= r.Free }

func (l *ringLine) promise(id chat.ConnID, bytes int64) {
	if l.promised == nil {
		l.promised = make(map[chat.ConnID]int64)
	}
	l.sum -= l.promised[id] // of one that was no message
	l.promised[id] = bytes
	l.sum += bytes
}

// done takes back what was promised for the message that c may be. The caller holds mu.
func (l *ringLine) done(c *chat.Command) {
	switch c.Op {
	case chat.Send, chat.Malformed, chat.Activity, chat.Detach:
		l.sum -= l.promised[c.Conn]
		delete(l.promised, c.Conn)
	}
}
