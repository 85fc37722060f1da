//go:build !mutants

package ws

import "golang.org/x/sys/unix"

// readable is what a parked Conn waits for. It is told again as long as something is there: a turn leaves what did not
// fit into its buffer in the socket.
const readable = unix.EPOLLIN | unix.EPOLLRDHUP
