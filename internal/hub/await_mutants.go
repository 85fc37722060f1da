//go:build mutants

package hub

import "chatme/internal/chat"

// readsEarly has a row read while a change of it is not committed, for TestResumeReadsBehindPendingChanges to find.
var readsEarly = chat.Seeded("row-read-early")
