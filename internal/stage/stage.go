// Package stage divides the tests: `go test ./...` runs the quick ones, and make test also the long ones, in stages of their
// own. Only tests import it.
package stage

import (
	"os"
	"testing"
)

// IsLong reports whether the long tests run: with LONG=1, and always in CI.
func IsLong() bool { return os.Getenv("LONG") != "" || os.Getenv("CI") != "" }

// Long skips a test that takes long, unless the long tests run.
func Long(tb testing.TB) {
	tb.Helper()
	if !IsLong() {
		tb.Skip("a long test; make test runs it, and so does LONG=1 go test")
	}
}

// Root skips a test unless it runs as root; in CI it fails instead. what completes "must be root to …".
func Root(tb testing.TB, what string) {
	tb.Helper()
	switch {
	case os.Getuid() == 0:
	case os.Getenv("CI") != "":
		tb.Fatalf("must be root to %s", what)
	default:
		tb.Skipf("must be root to %s", what)
	}
}
