package hub

import (
	"context"
	"errors"
	"time"

	"chatme/internal/chat"
	"chatme/internal/tail"
)

const (
	firstRetry = 20 * time.Millisecond // pause after a failed commit, doubled up to lastRetry
	lastRetry  = 500 * time.Millisecond
)

// commitLoop is the committer: the only goroutine that writes to the store.
func (h *Hub) commitLoop() {
	defer close(h.done)
	expired := newSweeper(h.cfg.SessionTTL)
	sweep := time.NewTimer(max(expired.every, h.cfg.SweepAfter))
	defer sweep.Stop()
	batch := new(chat.Batch)
	for {
		select {
		case <-h.wake:
			if !h.commit(batch) {
				return
			}
		case <-sweep.C:
			select {
			case <-h.wake: // commits come first: clients wait for them
				if !h.commit(batch) {
					return
				}
			default:
			}
			again, err := h.sweep(expired)
			if err != nil {
				h.cfg.Fatal(err)
				return
			}
			sweep.Reset(again)
		case <-h.quit:
			h.commit(batch)
			return
		}
	}
}

// commit takes all changes as one batch, makes it durable, releases the events that wait for it and delivers those that
// result from it. It returns false if the outcome is unknown or the hub stopped before there was one. batch is reused.
func (h *Hub) commit(batch *chat.Batch) bool {
	h.mu.Lock()
	h.lobby.TakeBatch(batch)
	h.mu.Unlock()

	if !batch.Empty() {
		if err := h.persist(batch); err != nil {
			return false
		}
	}

	h.mu.Lock()
	h.committed = batch.N
	h.counts.held += uint64(len(batch.Entries))
	for _, conn := range h.gated[batch.N] {
		conn.Release(batch.N)
		h.flushLater(conn)
	}
	delete(h.gated, batch.N)
	for _, e := range h.lobby.Committed(batch.N) {
		h.deliver(Event{Event: e})
	}
	h.room.Broadcast()
	if touched := h.unlockOnly(); touched != nil {
		go flush(touched) // the next batch is committed during these writes
	}
	clear(batch.Changes)
	return true
}

// persist commits batch, and retries as long as the failure is transient.
func (h *Hub) persist(batch *chat.Batch) error {
	pause := firstRetry
	for {
		err := h.write(batch)
		if err == nil {
			h.setFailing(nil)
			return nil
		}
		if !transient(err) {
			h.cfg.Fatal(err)
			return err
		}
		h.setFailing(err)
		select {
		case <-time.After(pause):
		case <-h.quit:
			// Try once more without a pause. If that fails too, unacknowledged changes are lost.
			if err := h.write(batch); err != nil {
				return err
			}
			return nil
		}
		pause = min(2*pause, lastRetry)
	}
}

// write makes one attempt to commit batch.
func (h *Hub) write(batch *chat.Batch) error {
	m, rows := h.cfg.Metrics, len(batch.Changes)+len(batch.Entries)+len(batch.MailAcks)
	m.Rows.Count(rows)
	began := h.watch.begin()
	err := h.cfg.Store.Commit(batch)
	took := h.watch.end(began)
	h.publishCommit(took, rows)
	m.Commit.Observe(took)
	if err != nil {
		m.FailedCommit()
	}
	return err
}

// transient reports whether err means that nothing was committed and that a retry may succeed.
func transient(err error) bool {
	var t interface{ Transient() bool }
	return errors.As(err, &t) && t.Transient()
}

func (h *Hub) setFailing(err error) {
	h.mu.Lock()
	changed := (h.failure != nil) != (err != nil)
	h.failure = err
	h.room.Broadcast()
	h.mu.Unlock()
	switch {
	case changed && err != nil:
		h.cfg.Log.Warn("commit failed; queueing changes, still relaying", "error", err)
		h.cfg.Tail.Publish(tail.Event{Type: tail.Commit, Failed: true, What: "fails", Reason: err.Error()})
	case changed:
		h.cfg.Log.Info("commits succeed again")
		h.cfg.Tail.Publish(tail.Event{Type: tail.Commit, What: "works again"})
	}
}

// Stop stops accepting commands, tells every attached session that the server restarts, and returns once all changes are
// durable and released. It returns ctx's error if that takes too long; nothing that was acknowledged is lost then.
func (h *Hub) Stop(ctx context.Context) error {
	h.mu.Lock()
	if !h.stopped {
		h.step(&Command{Command: chat.Command{Op: chat.Stop}})
		h.stopped = true
		h.schedule()
		h.room.Broadcast()
		close(h.quit)
	}
	h.unlock()
	select {
	case <-h.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
