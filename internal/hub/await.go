//go:build !mutants

package hub

// readsEarly makes find read a row without waiting until its changes are committed. It is a bug that a build with the tag
// mutants can enable.
const readsEarly = false
