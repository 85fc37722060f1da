package main

import (
	"bytes"
	"context"
	"slices"
	"testing"
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
	env := slices.Concat([]string{"WEB_API_KEY=" + webTestKey, "MOBILE_API_KEY=" + mobileTestKey}, settings)
	server := startServed(tb, env)
	s = &running{addr: server.addr, db: server.db, env: slices.Concat(unhurried(), env, []string{"CHATME_DB=" + server.db})}
	return s, func() {
		server.stop()
		server.waitEnded()
	}
}

// chatme runs a command of tree in this process, with the server's environment, and returns what it said.
func (s *running) chatme(ctx context.Context, tree any, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(ctx, tree, args, s.env, &out, &err)
	return code, out.String(), err.String()
}
