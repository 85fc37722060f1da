//go:build mutants

package hub

import "chatme/internal/chat"

// readsEarly makes find read a row while a change to it is uncommitted, for TestResumeReadsBehindPendingChanges to find.
var readsEarly = chat.Seeded("row-read-early")
