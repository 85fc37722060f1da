package inside

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"chatme/internal/cli"
	"chatme/internal/testbed"
)

// The keys of a server that runs in a test's process.
const (
	WebTestKey    = "web-key-of-the-tests"
	MobileTestKey = "mobile-key-of-the-tests"
)

// Running is a server in this process, with the settings of its operator.
type Running struct {
	Addr string
	DB   string
	Env  []string
}

// RunServer serves from its own database until the test ends; settings are additional environment variables.
func RunServer(tb testing.TB, settings ...string) *Running {
	tb.Helper()
	s, stop := StartServer(tb, settings...)
	tb.Cleanup(stop)
	return s
}

// StoppedServer returns a server that ran and has stopped.
func StoppedServer(tb testing.TB) *Running {
	tb.Helper()
	s, stop := StartServer(tb)
	stop()
	return s
}

// StartServer is RunServer, but the caller stops the server.
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

// Chatme runs a command of tree in this process, with the server's environment, and returns its output.
func (s *Running) Chatme(ctx context.Context, tree any, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = cli.Run(ctx, tree, args, s.Env, &out, &err)
	return code, out.String(), err.String()
}
