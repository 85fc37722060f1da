//go:build mutants

package dbfile

import "chatme/internal/chat"

var synchronous, synchronousRead = mutantSynchronous()

// mutantSynchronous leaves commits in the page cache if the bug for the power-loss harness is seeded.
func mutantSynchronous() (set, read string) {
	if chat.Seeded("sync-normal") {
		return "NORMAL", "1"
	}
	return "FULL", "2"
}
