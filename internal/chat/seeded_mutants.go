//go:build mutants

package chat

import "os"

// heldIsLast has a commit raise held beyond what that very batch carried, for TestLobbyRandom to find.
var heldIsLast = Seeded("held-is-last")

// Seeded reports whether CHATME_MUTANT names this bug, which a build with the tag mutants can have. If it does, Seeded removes the
// variable, which is not a setting: the server would refuse it.
func Seeded(bug string) bool {
	const variable = "CHATME_MUTANT"
	if os.Getenv(variable) != bug {
		return false
	}
	os.Unsetenv(variable)
	return true
}
