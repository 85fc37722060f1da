//go:build !mutants

package ws

// settlesEarly is a bug in builds with the tag mutants.
const settlesEarly = false
