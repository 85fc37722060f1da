//go:build !linux

package main

import "errors"

// clockSynchronised is known on Linux only.
func clockSynchronised() (bool, error) { return false, errors.ErrUnsupported }
