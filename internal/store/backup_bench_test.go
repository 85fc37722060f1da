package store

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

// BenchmarkCommitDuringBackup: commits of one row each into a database of 100,000, alone and while another process makes
// one backup after another.
func BenchmarkCommitDuringBackup(b *testing.B) {
	for _, backups := range []bool{false, true} {
		b.Run(strconv.FormatBool(backups), func(b *testing.B) {
			s := openNew(b)
			mustBegin(b, s)
			n := seed(b, s, 20_000, 10_000, 50_000)
			if backups {
				b.Cleanup(backUpAgainAndAgain(b, s.path))
			}
			var took []time.Duration
			for b.Loop() {
				n++
				began := time.Now()
				mustCommit(b, s, put(waiting(n, n+1_000_000))...)
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			for _, p := range []int{50, 99, 100} {
				at := took[(len(took)-1)*p/100]
				b.ReportMetric(float64(at.Microseconds()), "µs-p"+strconv.Itoa(p))
			}
		})
	}
}

// backUpAgainAndAgain starts the process and returns a function that ends it.
func backUpAgainAndAgain(tb testing.TB, path string) (stop func()) {
	cmd := helperCmd(tb, "backups", path)
	cmd.Args = append(cmd.Args, tb.TempDir())
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	return func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
}
