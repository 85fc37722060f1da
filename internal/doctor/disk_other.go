//go:build !linux

package doctor

import "errors"

// clockSynchronised is known on Linux only.
func clockSynchronised() (bool, error) { return false, errors.ErrUnsupported }

// diskOf is known on Linux only: elsewhere a file system has another number.
func diskOf(string) (magic uint32, left diskSpace, err error) {
	return 0, left, errors.ErrUnsupported
}
