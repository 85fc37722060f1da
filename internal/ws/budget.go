package ws

import (
	"sync"
	"time"

	"chatme/internal/chat"
)

// budget bounds the bytes of large frames in memory, over all connections.
type budget struct {
	clock func() chat.Time // server time

	mu   sync.Mutex
	max  int64
	room sync.Cond // on mu: something was released, or a wait is over
	used int64
}

func newBudget(max int64, clock func() chat.Time) *budget {
	b := &budget{clock: clock, max: max}
	b.room.L = &b.mu
	return b
}

// resize changes the bound. What is in memory beyond it stays there until it is released.
func (b *budget) resize(max int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.max = max
	b.room.Broadcast()
}

// acquire takes n bytes, waiting at most patience, in server time, for them.
func (b *budget) acquire(n int64, patience time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n <= b.max {
		b.used += n
		return true
	}
	over, by := false, b.clock().Add(patience)
	var timer *time.Timer
	timer = time.AfterFunc(patience, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if left := by - b.clock(); left > 0 { // the process has not run all the time
			timer.Reset(time.Duration(left) * time.Millisecond)
			return
		}
		over = true
		b.room.Broadcast()
	})
	defer timer.Stop()
	for b.used+n > b.max && !over {
		b.room.Wait()
	}
	if b.used+n > b.max {
		return false
	}
	b.used += n
	return true
}

// inUse is what is taken.
func (b *budget) inUse() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// charge takes n bytes that are in memory already, over the bound if need be.
func (b *budget) charge(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used += n
}

// release gives n bytes back.
func (b *budget) release(n int64) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.room.Broadcast()
}
