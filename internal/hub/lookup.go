package hub

import (
	"context"

	"chatme/internal/chat"
)

// awaitCommit returns once every change up to now is durable or the hub stops, or with ctx's error. The caller must hold
// mu, which is released while waiting.
func (h *Hub) awaitCommit(ctx context.Context) error {
	last, rows := h.lobby.Batch()
	if rows == 0 {
		last--
	}
	return h.await(ctx, func() bool { return h.committed >= last })
}

// await returns once so returns true or the hub stops, or with ctx's error. so depends on state that mu guards and whose
// changes room signals. The caller must hold mu, which is released while waiting.
func (h *Hub) await(ctx context.Context, so func() bool) error {
	defer context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.room.Broadcast()
	})()
	for !so() && !h.stopped {
		if err := ctx.Err(); err != nil {
			return err
		}
		h.room.Wait()
	}
	return nil
}

// find reads the row of a session that is not in memory. It waits only until the last change of this session is durable.
// Nothing else loads the session into memory until the caller, which must hold mu, releases mu: another lookup of the
// session waits for this one. find releases mu while it waits and reads.
func (h *Hub) find(ctx context.Context, auth *chat.Auth) error {
	hash := auth.Resume.Hash
	err := h.await(ctx, func() bool {
		_, looked := h.lookups[hash]
		held, lastChange := h.lobby.Locate(hash)
		return held || !looked && (readsEarly || lastChange <= h.committed)
	})
	if held, _ := h.lobby.Locate(hash); err != nil || held || h.stopped {
		return err
	}
	h.lookups[hash] = struct{}{}
	h.mu.Unlock()
	found, ok, err := h.cfg.Store.Find(context.WithoutCancel(ctx), hash) // it is quick, and observing ctx would cost a goroutine
	h.mu.Lock()
	delete(h.lookups, hash)
	h.room.Broadcast()
	if ok {
		auth.Found = &found
	}
	return err
}
