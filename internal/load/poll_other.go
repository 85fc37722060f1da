//go:build !linux

package load

import (
	"errors"
	"net/netip"
)

// The load uses epoll, which only Linux has. Elsewhere newPoll returns an error, and nothing else is reached.

const (
	pollIn       = 0
	pollInAndOut = 0
)

var (
	errOnlyLinux  = errors.New("bench runs on Linux only")
	errWouldBlock = errOnlyLinux
)

type poll struct{}

func newPoll() (*poll, error)                      { return nil, errOnlyLinux }
func (*poll) close()                               {}
func (*poll) add(int, uint32) error                { return errOnlyLinux }
func (*poll) change(int, uint32) error             { return errOnlyLinux }
func (*poll) now() int64                           { return 0 }
func (*poll) wait(int64, func(int)) error          { return errOnlyLinux }
func dial(netip.AddrPort, netip.Addr) (int, error) { return -1, errOnlyLinux }
func dialed(int) error                             { return errOnlyLinux }
func readSocket(int, []byte) (int, error)          { return 0, errOnlyLinux }
func writeSocket(int, []byte) (int, error)         { return 0, errOnlyLinux }
func closeSocket(int)                              {}
