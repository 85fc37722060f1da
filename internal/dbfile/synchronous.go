//go:build !mutants

package dbfile

// synchronous is PRAGMA synchronous of the writer, and synchronousRead the value that reading it back returns: a commit
// returns once it is on disk. https://sqlite.org/pragma.html#pragma_synchronous
const (
	synchronous     = "FULL"
	synchronousRead = "2"
)
