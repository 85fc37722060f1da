//go:build mutants

package chat

import "os"

var heldIsLast = mutantHeld()

// mutantHeld reports whether CHATME_MUTANT is held-is-last: a commit raises held beyond what that very batch carried, a bug for
// TestLobbyRandom to find. It removes the variable, which is not a setting: the server would refuse it.
func mutantHeld() bool {
	const variable = "CHATME_MUTANT"
	if os.Getenv(variable) != "held-is-last" {
		return false
	}
	os.Unsetenv(variable)
	return true
}
