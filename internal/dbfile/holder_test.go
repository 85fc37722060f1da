package dbfile

import "testing"

func TestFlockHolder(t *testing.T) {
	const dev = 8<<8 | 1
	for line, want := range map[string]int{
		"1: FLOCK  ADVISORY  WRITE 708 08:01:99 0 EOF":     708,
		"1: FLOCK  ADVISORY  WRITE 708 00:2a:99 0 EOF":     0,  // another device
		"1: FLOCK  ADVISORY  WRITE 42 00:2a:99 0 EOF":      42, // … but noted in the lock file
		"1: FLOCK  ADVISORY  WRITE 708 08:01:98 0 EOF":     0,
		"2: POSIX  ADVISORY  WRITE 708 08:01:99 0 EOF":     0,
		"3: FLOCK  ADVISORY  READ  708 08:01:99 0 EOF":     0,
		"4: -> FLOCK  ADVISORY  WRITE 708 08:01:99 0 EOF":  0, // waits for it
		"5: FLOCK  ADVISORY  WRITE x 08:01:99 0 EOF":       0,
		"5: FLOCK  ADVISORY  WRITE 708 nowhere 0 EOF ....": 0,
		"": 0,
	} {
		pid, ok := flockHolder(line, dev, 99, 42)
		if ok != (want != 0) || ok && pid != want {
			t.Errorf("%q: %d, %v", line, pid, ok)
		}
	}
}
