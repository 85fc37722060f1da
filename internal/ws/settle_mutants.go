//go:build mutants

package ws

import "os"

var settlesEarly = mutantSettles()

// mutantSettles reports whether CHATME_MUTANT is pong-of-earlier, and the pong of an earlier ping counts as that of the newest: a bug
// for TestSettleNotByAnEarlierPing to find. It removes the variable, which is not a setting: the server would refuse it.
func mutantSettles() bool {
	const variable = "CHATME_MUTANT"
	if os.Getenv(variable) != "pong-of-earlier" {
		return false
	}
	os.Unsetenv(variable)
	return true
}
