package inside

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"chatme/internal/cli"
	"chatme/internal/testbed"
)

// The keys of a server that runs in the process of a test.
const (
	WebTestKey    = "web-key-of-the-tests"
	MobileTestKey = "mobile-key-of-the-tests"
)

// Running is a server in this process, and what its operator has set.
type Running struct {
	Addr string
	DB   string
	Env  []string
}

// RunServer serves from a database of its own until the test ends; settings are further lines of the environment.
func RunServer(tb testing.TB, settings ...string) *Running {
	tb.Helper()
	s, stop := StartServer(tb, settings...)
	tb.Cleanup(stop)
	return s
}

// StoppedServer is one that has been and gone.
func StoppedServer(tb testing.TB) *Running {
	tb.Helper()
	s, stop := StartServer(tb)
	stop()
	return s
}

// StartServer is runServer with the end left to the caller.
func StartServer(tb testing.TB, settings ...string) (s *Running, stop func()) {
	tb.Helper()
	env := slices.Concat([]string{"WEB_API_KEY=" + WebTestKey, "MOBILE_API_KEY=" + MobileTestKey}, settings)
	server := StartServed(tb, env)
	s = &Running{Addr: server.Addr, DB: server.DB, Env: slices.Concat(testbed.Unhurried(), env, []string{"CHATME_DB=" + server.DB})}
	return s, func() {
		server.Stop()
		server.WaitEnded()
	}
}

// Chatme runs a command of tree in this process, with the server's environment, and returns what it said.
func (s *Running) Chatme(ctx context.Context, tree any, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = cli.Run(ctx, tree, args, s.Env, &out, &err)
	return code, out.String(), err.String()
}
