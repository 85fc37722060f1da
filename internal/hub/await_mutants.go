//go:build mutants

package hub

import "os"

var readsEarly = mutantReadsEarly()

// mutantReadsEarly reports whether CHATME_MUTANT is row-read-early: a row is read while a change of it is not committed, a bug for
// TestResumeReadsBehindPendingChanges to find. It removes the variable, which is not a setting: the server would refuse it.
func mutantReadsEarly() bool {
	const variable = "CHATME_MUTANT"
	if os.Getenv(variable) != "row-read-early" {
		return false
	}
	os.Unsetenv(variable)
	return true
}
