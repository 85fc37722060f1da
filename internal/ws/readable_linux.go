//go:build !mutants

package ws

import "golang.org/x/sys/unix"

// readable is the event that a parked Conn waits for. It is level-triggered: a turn leaves what did not fit into its
// buffer in the socket.
const readable = unix.EPOLLIN | unix.EPOLLRDHUP
