package store

import (
	"strings"
)

// FailedStart is the prefix of the reason of a start that failed.
const FailedStart = "failed start"

// IsFailedStart reports whether a start with this reason failed.
func IsFailedStart(reason string) bool { return strings.HasPrefix(reason, FailedStart) }
