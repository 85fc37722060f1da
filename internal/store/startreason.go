package store

import (
	"strings"
)

// FailedStart is how the reason of a start begins that came to nothing.
const FailedStart = "failed start"

// IsFailedStart reports whether a start with this reason came to nothing.
func IsFailedStart(reason string) bool { return strings.HasPrefix(reason, FailedStart) }
