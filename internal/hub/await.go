//go:build !mutants

package hub

// readsEarly has find read a row without waiting for the changes of it to be committed. It is a bug that a build with the tag mutants
// can have.
const readsEarly = false
