package descriptors

import (
	"golang.org/x/sys/unix"
)

// Raise lets this process, and those it starts, have as many descriptors as this user may give them. It
// returns how many that are.
func Raise(want uint64) uint64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	most := limit.Max
	for _, most := range []uint64{max(want, most), most} { // beyond the hard limit only with privileges
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: most, Max: most}) == nil {
			return most
		}
	}
	return limit.Cur
}
