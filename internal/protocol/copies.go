//go:build !mutants

package protocol

// cleansCopy is a bug in builds with the tag mutants.
const cleansCopy = false
