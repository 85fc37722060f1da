package hub

import (
	"context"
	"slices"

	"chatme/internal/chat"
)

// Named returns the sessions in memory whose s_ name begins with prefix.
func (h *Hub) Named(prefix string) []chat.Hash {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lobby.Named(prefix)
}

// Sessions returns the state of every session in memory. It holds the lock as long as Stats.
func (h *Hub) Sessions() []chat.SessionInfo {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(h.lobby.Infos())
}

// Networks returns what is known about the networks of the sessions in memory. It holds the lock as long as Stats.
func (h *Hub) Networks() map[chat.Network]chat.NetworkInfo {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lobby.Networks()
}

// Kick ends the session of hash, in memory or hibernated: its socket is closed with 4410, its partner is queued again, and
// its client cannot resume it. Kick returns the previous state of the session once the end is durable; false if there is
// no such session. If it returns ctx's error, the session has ended, but that may not survive the process.
func (h *Hub) Kick(ctx context.Context, hash chat.Hash) (chat.SessionInfo, bool, error) {
	h.mu.Lock()
	defer h.unlock()
	auth := chat.Auth{Resume: &chat.Resume{Hash: hash}}
	if err := h.find(ctx, &auth); err != nil {
		return chat.SessionInfo{}, false, err
	}
	was, ok := h.lobby.Info(hash)
	if !ok && auth.Found != nil {
		was, ok = chat.SessionInfo{Hash: hash, Resumable: auth.Found.Resumable}, auth.Found.EndedAt == 0
	}
	if !ok || h.stopped {
		return was, ok, nil
	}
	h.step(&Command{Command: chat.Command{Op: chat.Kick, Auth: &auth}})
	h.unlock() // events that may leave already do not wait for the disk
	h.mu.Lock()
	return was, true, h.awaitCommit(ctx)
}

// SetLimits applies new limits; see chat.Lobby.SetLimits.
func (h *Hub) SetLimits(limits chat.Limits) {
	h.mu.Lock()
	defer h.unlock()
	h.lobby.SetLimits(limits)
	h.schedule()
	h.room.Broadcast()
}
