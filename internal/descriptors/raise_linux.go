package descriptors

import (
	"golang.org/x/sys/unix"
)

// Raise raises the descriptor limit of this process and its children as far as this user may, and returns the limit.
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
