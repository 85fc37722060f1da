//go:build mutants

package chat

import "os"

// heldIsLast makes a commit raise held beyond what its batch carried, for TestLobbyRandom to find.
var heldIsLast = Seeded("held-is-last")

// forgetsLate makes a session meet others before those that have waited too long, for TestL3MeetsTheOldest to find.
var forgetsLate = Seeded("late-overtaken")

// allJudge makes every session a judge of the others, for TestOnlyProvenSessionsJudge to find.
var allJudge = Seeded("all-judge")

// ownBeat matches each session that is over its pace at a moment of its own, for TestHurriedBots to find.
var ownBeat = Seeded("own-beat")

// Seeded reports whether CHATME_MUTANT names this bug, which a build with the tag mutants can enable. If so, Seeded unsets
// the variable, because it is not a setting and the server would refuse it.
func Seeded(bug string) bool {
	const variable = "CHATME_MUTANT"
	if os.Getenv(variable) != bug {
		return false
	}
	os.Unsetenv(variable)
	return true
}
