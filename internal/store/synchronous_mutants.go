//go:build mutants

package store

import "os"

var synchronous, synchronousRead = mutantSynchronous()

// mutantSynchronous leaves commits in the page cache when CHATME_MUTANT is sync-normal: a bug for the power-loss
// harness to find. It takes the variable away, which is no setting and would be refused.
func mutantSynchronous() (set, read string) {
	const variable = "CHATME_MUTANT"
	if os.Getenv(variable) != "sync-normal" {
		return "FULL", "2"
	}
	os.Unsetenv(variable)
	return "NORMAL", "1"
}
