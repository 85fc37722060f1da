package main

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The watchdog is fed while commits have results, good or bad, and no longer once one is stuck for a minute.
func TestWatchdogIsFedUntilACommitIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var mu sync.Mutex // of all that follows
		var stuckSince time.Time
		fed, status := 0, ""
		s := supervisor{watchdog: 30 * time.Second, tell: func(state string) {
			mu.Lock()
			defer mu.Unlock()
			if strings.HasPrefix(state, "WATCHDOG=1\n") {
				fed++
			}
			status = state[strings.Index(state, "STATUS="):]
		}}
		stuck := func() time.Duration {
			mu.Lock()
			defer mu.Unlock()
			if stuckSince.IsZero() {
				return 0
			}
			return time.Since(stuckSince)
		}
		after := func(d time.Duration, wantFed int, wantStatus string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if fed != wantFed || status != "STATUS="+wantStatus {
				t.Errorf("fed %d times, want %d; %s, want %q", fed, wantFed, status, wantStatus)
			}
			fed = 0
		}
		sticks := func(since time.Time) {
			mu.Lock()
			defer mu.Unlock()
			stuckSince = since
		}
		go s.watch(ctx, stuck, func() string { return "2 sockets." })
		after(5*time.Minute, 31, "2 sockets.")
		sticks(time.Now())
		after(5*time.Minute, 5, "A commit has had no result for 300 seconds: the disk does not answer.")
		sticks(time.Time{})
		after(time.Minute, 6, "2 sockets.")
	})
}
