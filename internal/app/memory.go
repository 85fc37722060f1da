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
	// limitShare is the largest share of the control group's limit that Go may use; the rest is for SQLite and the system.
	limitShare = 0.8
	// besideGo is the least that SQLite and the system need, in bytes; sqliteCopies is how many copies of a message SQLite
	// has in memory while it stores it.
	besideGo     = 16 << 20
	sqliteCopies = 2

	lullLook = time.Second
	// In a lull less than this is allocated between two checks, in bytes. A server that relays messages allocates more and
	// must not pay for collections besides Go's own.
	lullRate = 1 << 20
	// lullWorth is how much must have been allocated since the last collection to make one worthwhile, in bytes.
	lullWorth = 8 << 20
)

// tuneMemory keeps the process within its control group, unless GOMEMLIMIT is set, and returns free memory to the system
// whenever the server becomes quiet, until ctx ends. Go itself keeps as much free memory as it uses, for the next rush;
// that is most of the cost of idle sockets. GOGC decides how many collections this saves under load. letterMax is the
// size of the largest message.
func tuneMemory(ctx context.Context, letterMax int64) {
	if limit, ok := config.OwnGroupLimit(); ok && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(goLimit(limit, letterMax))
	}
	go giveBackMemory(ctx)
}

// scarce is the limit of a control group, in bytes, below which garbage is collected before each frame of megabytes: Go
// collects at its own limit while the next frame arrives already, and the kernel does not wait.
const scarce = 256 << 20

// scarceBuffer is how much the system may buffer for a socket there: its buffers count for the control group.
const scarceBuffer = 128 << 10

func isScarce() bool {
	limit, ok := config.OwnGroupLimit()
	return ok && limit < scarce
}

// reclaimer returns what makes room for a large frame, nil where memory is not scarce.
func reclaimer() func() {
	if isScarce() {
		return debug.FreeOSMemory
	}
	return nil
}

// socketBuffer returns how much the system may buffer for a socket in each direction, 0 where memory is not scarce.
func socketBuffer() int {
	if isScarce() {
		return scarceBuffer
	}
	return 0
}

// goLimit returns how much of a limit Go may use.
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

// lull finds the moments to return memory. Both fields are bytes allocated since the process started.
type lull struct {
	seen  uint64 // at the last check
	freed uint64 // when memory was last returned
}

// has reports whether to return memory now, at a check.
func (l *lull) has(allocated uint64) bool {
	quiet := allocated-l.seen < lullRate
	l.seen = allocated
	if !quiet || allocated-l.freed < lullWorth {
		return false
	}
	l.freed = allocated
	return true
}
