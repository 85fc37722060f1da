//go:build mutants

package chat

var heldIsLast bool

// SeedHeldIsLast puts a bug into every Lobby: a commit raises held beyond what that very batch carried. For torture to find; it is
// called before there is a Lobby.
func SeedHeldIsLast() { heldIsLast = true }
