// Package explore drives the lobby through every interleaving of small scenarios, and through long random walks, and checks
// the invariants of the protocol after every step. Its clients, its network and its disk can be broken on purpose, and
// TestExploreBites shows that it finds each of these faults.
//
//	EXPLORE=1h go test -v -run 'TestExplore$' ./internal/chat/explore
package explore
