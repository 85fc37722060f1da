//go:build !mutants

package chat

// Bugs that a build with the tag mutants can enable.
const (
	heldIsLast  = false // a commit raises held to everything accepted meanwhile
	forgetsLate = false // late sessions are not met first
	allJudge    = false // a session that is not proven judges
	ownBeat     = false // each session over its pace is matched at a moment of its own
)
