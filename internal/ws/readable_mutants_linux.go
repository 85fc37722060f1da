//go:build linux && mutants

package ws

import (
	"os"

	"golang.org/x/sys/unix"
)

var readable = mutantReadable()

// mutantReadable is told only once of what has arrived when CHATME_MUTANT is edge-triggered: a bug for
// TestFramesThatEndAtTheBuffer to find. It removes the variable, which is not a setting: the server would refuse it.
func mutantReadable() uint32 {
	const variable = "CHATME_MUTANT"
	if os.Getenv(variable) != "edge-triggered" {
		return unix.EPOLLIN | unix.EPOLLRDHUP
	}
	os.Unsetenv(variable)
	return unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET
}
