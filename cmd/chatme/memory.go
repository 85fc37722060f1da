package main

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

const (
	// limitShare is how much of the limit of its control group Go may use; the rest is for SQLite and the system.
	limitShare = 0.8

	// It is quiet when there was no collection for so long,
	quietLook = time.Second
	// and then one is worth it if so much was allocated since the last, in bytes.
	quietAfter = 8 << 20
)

// tuneMemory keeps the process within its control group, if GOMEMLIMIT does not say otherwise, and gives back to the
// system what is free whenever it has become quiet, until ctx ends. Go itself keeps as much again as it holds for the
// next rush, which is most of what sockets at rest cost; what that saves in collections while there is much to do, GOGC
// decides.
func tuneMemory(ctx context.Context) {
	if limit, ok := groupLimit("/proc/self/cgroup", "/sys/fs/cgroup"); ok && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(float64(limit) * limitShare))
	}
	go giveBackMemory(ctx)
}

func giveBackMemory(ctx context.Context) {
	ticker := time.NewTicker(quietLook)
	defer ticker.Stop()
	samples := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/allocs:bytes"}}
	var cycles, done uint64
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		metrics.Read(samples)
		quiet := samples[0].Value.Uint64() == cycles
		cycles = samples[0].Value.Uint64()
		if allocated := samples[1].Value.Uint64(); quiet && allocated-done > quietAfter {
			debug.FreeOSMemory()
			done = allocated
		}
	}
}

// groupLimit returns the memory limit in bytes of the control group named in the file self, of version 1 or 2, mounted
// at root; false if there is none. https://docs.kernel.org/admin-guide/cgroup-v2.html
func groupLimit(self, root string) (int64, bool) {
	groups, err := os.ReadFile(self)
	if err != nil {
		return 0, false
	}
	limit, found := int64(math.MaxInt64), false
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3) // number:controllers:path
		if len(parts) != 3 {
			continue
		}
		name := ""
		switch parts[1] {
		case "":
			name = filepath.Join(root, parts[2], "memory.max")
		case "memory":
			name = filepath.Join(root, "memory", parts[2], "memory.limit_in_bytes")
		default:
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		// Version 2 says "max" and version 1 a number near the largest there is when there is no limit.
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 && n < 1<<60 {
			limit, found = min(limit, n), true
		}
	}
	return limit, found
}
