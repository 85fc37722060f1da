package hub

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Only a write in progress counts, not idle time or the pause between two attempts.
func TestCommittingForIsTheWriteUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 10_000, nil)
		expect := func(when string, want time.Duration) {
			t.Helper()
			if got := h.CommittingFor(); got != want {
				t.Errorf("%s: CommittingFor() = %v, want %v", when, got, want)
			}
		}
		time.Sleep(time.Hour)
		expect("at rest", 0)

		attach(t, h, 1, true)
		search(h, 1)
		<-s.enter
		time.Sleep(70 * time.Second)
		expect("without a result", 70*time.Second)
		s.verdict <- passing{errors.New("disk full")}
		synctest.Wait()
		expect("between two tries", 0)
		<-s.enter
		time.Sleep(time.Second)
		expect("at the second try", time.Second)
		s.verdict <- nil
		synctest.Wait()
		expect("after it", 0)
		s.setFree()
		stopHub(t, h)
	})
}
