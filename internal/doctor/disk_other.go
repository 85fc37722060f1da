//go:build !linux

package doctor

import "errors"

// clockSynchronised is supported on Linux only.
func clockSynchronised() (bool, error) { return false, errors.ErrUnsupported }

// diskOf is supported on Linux only: elsewhere file systems have other type numbers.
func diskOf(string) (magic uint32, left diskSpace, err error) {
	return 0, left, errors.ErrUnsupported
}
