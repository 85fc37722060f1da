//go:build !linux

package ws

import "errors"

const moreToRead, roomToWrite = 0, 0

// waiter is unused: there are no bare descriptors.
type waiter struct{}

func newWaiter(uint32) (*waiter, error) { return &waiter{}, nil }

func (*waiter) stop() {}

func (*waiter) watch(int32) (<-chan struct{}, error) { return nil, errors.ErrUnsupported }

func (*waiter) drop(int32) {}
