//go:build !linux

package ws

import (
	"errors"
	"net"
)

// On other systems no descriptor is taken out of its connection, and none of these is called.

var errWouldBlock = errors.New("would block")

func bare(net.Conn) int32 { return -1 }

func readNow(int32, []byte) (int, error)  { return 0, errors.ErrUnsupported }
func writeNow(int32, []byte) (int, error) { return 0, errors.ErrUnsupported }
func shutNow(int32)                       {}
func closeNow(int32)                      {}

func limitBuffers(int32, int) {}
