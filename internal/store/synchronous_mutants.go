//go:build mutants

package store

import "chatme/internal/chat"

var synchronous, synchronousRead = mutantSynchronous()

// mutantSynchronous leaves commits in the page cache if the bug is seeded that the power-loss harness finds.
func mutantSynchronous() (set, read string) {
	if chat.Seeded("sync-normal") {
		return "NORMAL", "1"
	}
	return "FULL", "2"
}
