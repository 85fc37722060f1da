//go:build !mutants

package ws

// Bugs that a build with the tag mutants can enable.
const (
	dropsOverRate = false
	waitsInVain   = false
)
