package hub

import (
	"context"

	"chatme/internal/chat"
)

// awaitCommit returns once every change up to now is durable or the hub stops, or with ctx's error. The caller holds mu,
// which is released while waiting.
func (h *Hub) awaitCommit(ctx context.Context) error {
	last, rows := h.lobby.Batch()
	if rows == 0 {
		last--
	}
	return h.await(ctx, func() bool { return h.committed >= last })
}

// await returns once so, which depends on what mu guards and room tells of, or the hub stops, or with ctx's error. The
// caller holds mu, which is released while waiting.
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

// find reads the row of a session that is not in memory. It waits for the last change of this session to be durable, and
// for nothing else. Until the caller, who holds mu, lets go of it nothing brings the session into memory: another lookup
// of it waits for this one. mu is released while waiting and reading.
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
	found, ok, err := h.cfg.Store.Find(context.WithoutCancel(ctx), hash) // it is quick, and an end of ctx would cost a goroutine
	h.mu.Lock()
	delete(h.lookups, hash)
	h.room.Broadcast()
	if ok {
		auth.Found = &found
	}
	return err
}
