package sockets

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/testbed"
)

// overTLS reports whether the sites of t use TLS: they do below TestOverTLS.
func overTLS(t *testing.T) bool { return strings.HasPrefix(t.Name(), "TestOverTLS/") }

// overUnix reports whether the sites of t are on a Unix socket: they are below TestOverUnix.
func overUnix(t *testing.T) bool { return strings.HasPrefix(t.Name(), "TestOverUnix/") }

// local makes a Unix socket and lets the clients of s dial it, whatever the address.
func (s *Site) local(t *testing.T) net.Listener {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	testbed.Must(t, err)
	s.URL = "http://unix"
	s.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return listener
}
