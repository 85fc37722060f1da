//go:build linux && mutants

package ws

import (
	"chatme/internal/chat"

	"golang.org/x/sys/unix"
)

var readable = mutantReadable()

// mutantReadable is edge-triggered if the bug for TestFramesThatEndAtTheBuffer is seeded.
func mutantReadable() uint32 {
	if chat.Seeded("edge-triggered") {
		return unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET
	}
	return unix.EPOLLIN | unix.EPOLLRDHUP
}
