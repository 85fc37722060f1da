//go:build !mutants

package ws

// dropsOverRate is a bug in builds with the tag mutants.
const dropsOverRate = false
