package app

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"chatme/internal/config"
)

const (
	// limitShare is how much of the limit of its control group Go may use at most; the rest is for SQLite and the system.
	limitShare = 0.8
	// besideGo is what those need of it at least, in bytes, and sqliteCopies how often SQLite has a letter in memory
	// while it stores it.
	besideGo     = 16 << 20
	sqliteCopies = 2

	lullLook = time.Second
	// In a lull less than this is allocated from one look to the next, in bytes. Who relays messages allocates more, and
	// is not to pay for collections besides Go's own.
	lullRate = 1 << 20
	// lullWorth is what must have been allocated since the last for a collection to be worth it, in bytes.
	lullWorth = 8 << 20
)

// tuneMemory keeps the process within its control group, if GOMEMLIMIT does not say otherwise, and gives back to the
// system what is free whenever it has become quiet, until ctx ends. Go itself keeps as much again as it holds for the
// next rush, which is most of what sockets at rest cost; what that saves in collections while there is much to do, GOGC
// decides. letterMax is the size of the largest letter.
func tuneMemory(ctx context.Context, letterMax int64) {
	if limit, ok := config.OwnGroupLimit(); ok && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(goLimit(limit, letterMax))
	}
	go giveBackMemory(ctx)
}

// goLimit is how much of a limit Go may use.
func goLimit(limit, letterMax int64) int64 {
	share := int64(float64(limit) * limitShare)
	if rest := limit - besideGo - sqliteCopies*letterMax; rest > limit/2 {
		return min(share, rest)
	}
	return min(share, limit/2)
}

func giveBackMemory(ctx context.Context) {
	ticker := time.NewTicker(lullLook)
	defer ticker.Stop()
	allocated := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	var l lull
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		metrics.Read(allocated)
		if l.has(allocated[0].Value.Uint64()) {
			debug.FreeOSMemory()
		}
	}
}

// lull finds the moments in which memory is given back. Both are bytes allocated since the start of the process.
type lull struct {
	seen  uint64 // at the last look
	freed uint64 // when memory was last given back
}

// has says whether to give back memory now, at a look.
func (l *lull) has(allocated uint64) bool {
	quiet := allocated-l.seen < lullRate
	l.seen = allocated
	if !quiet || allocated-l.freed < lullWorth {
		return false
	}
	l.freed = allocated
	return true
}
