//go:build linux && mutants

package ws

import (
	"chatme/internal/chat"

	"golang.org/x/sys/unix"
)

var readable = mutantReadable()

// mutantReadable is told only once of what has arrived if the bug is seeded that TestFramesThatEndAtTheBuffer finds.
func mutantReadable() uint32 {
	if chat.Seeded("edge-triggered") {
		return unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET
	}
	return unix.EPOLLIN | unix.EPOLLRDHUP
}
