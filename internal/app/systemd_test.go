package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/pace"
	"chatme/internal/testbed"
)

// The watchdog is fed while commits have results, good or bad, and not once a commit is stuck for a minute.
func TestWatchdogIsFedUntilACommitIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var mu sync.Mutex // guards everything below
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
		after(5*time.Minute, 5, "A commit has had no result for 300 seconds: the disk does not respond.")
		sticks(time.Time{})
		after(time.Minute, 6, "2 sockets.")
	})
}

// A systemd that does not read must not block a shutdown. Known defect: the server waited until there was room.
func TestSystemdThatDoesNotReadBlocksNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	testbed.ListenNotify(t, path)
	t.Setenv("NOTIFY_SOCKET", path)
	filled := false
	for n := 0; n < 10_000 && !filled; n++ { // the queue holds ten to several hundred
		conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		_, err = conn.Write([]byte("WATCHDOG=1"))
		filled = errors.Is(err, os.ErrDeadlineExceeded)
		conn.Close()
	}
	if !filled {
		t.Fatal("the socket never fills up")
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		newSupervisor(slog.New(slog.DiscardHandler)).stopping()
	}()
	select {
	case <-told:
	case <-pace.Over(t.Context(), testbed.StepTimeout):
		t.Error("notify blocked until systemd read")
	}
}
