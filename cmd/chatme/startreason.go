package main

import (
	"strings"
)

// failedStart is how the reason of a start begins that came to nothing.
const failedStart = "failed start"

// isFailedStart reports whether a start with this reason came to nothing.
func isFailedStart(reason string) bool { return strings.HasPrefix(reason, failedStart) }
