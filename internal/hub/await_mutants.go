//go:build mutants

package hub

var readsEarly bool

// SeedReadsEarly puts a bug into every Hub: a row is read while a change of it is not committed. For torture to find; it is called
// before there is a Hub.
func SeedReadsEarly() { readsEarly = true }
