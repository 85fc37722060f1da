package main

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"chatme/internal/pace"
)

// The keys of a server that runs in the process of a test.
const (
	webTestKey    = "web-key-of-the-tests"
	mobileTestKey = "mobile-key-of-the-tests"
)

// running is a server in this process, and what its operator has set.
type running struct {
	addr string
	db   string
	env  []string
}

// runServer serves from a database of its own until the test ends; settings are further lines of the environment.
func runServer(tb testing.TB, settings ...string) *running {
	tb.Helper()
	s, stop := startServer(tb, settings...)
	tb.Cleanup(stop)
	return s
}

// stoppedServer is one that has been and gone.
func stoppedServer(tb testing.TB) *running {
	tb.Helper()
	s, stop := startServer(tb)
	stop()
	return s
}

// startServer is runServer with the end left to the caller.
func startServer(tb testing.TB, settings ...string) (s *running, stop func()) {
	tb.Helper()
	s = &running{db: filepath.Join(tb.TempDir(), "chatme.db")}
	s.env = slices.Concat([]string{"WEB_API_KEY=" + webTestKey, "MOBILE_API_KEY=" + mobileTestKey, "CHATME_DB=" + s.db}, unhurried(), settings)
	ctx, cancel := context.WithCancel(context.Background())
	stdout, stderr := &record{}, &record{}
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"dev", "--addr", "127.0.0.1:0"}, s.env, stdout, stderr) }()
	stop = func() {
		cancel()
		select {
		case code := <-ended:
			if code != exitOK {
				tb.Errorf("the server ended with %d:\n%s", code, stderr)
			}
		case <-time.After(pace.Of(stepTimeout)):
			tb.Error("the server does not stop")
		}
	}
	s.addr = "127.0.0.1:" + announcedPort(tb, stdout, ended)
	return s, stop
}

// chatme runs a command in this process, with the server's environment, and returns what it said.
func (s *running) chatme(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(ctx, args, s.env, &out, &err)
	return code, out.String(), err.String()
}
