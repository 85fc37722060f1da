package explore

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestExploreBites injects faults around a sound lobby, and expects each to be found: a checker must be
// seen to fail.
func TestExploreBites(t *testing.T) {
	for bug := sound + 1; bug < breakages; bug++ {
		t.Run(breakageNames[bug], func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, uint64(bug)))
			began, walks := time.Now(), 0
			for time.Since(began) < 30*time.Second {
				p := roam(r)
				if r.IntN(3) == 0 {
					p = plans[r.IntN(len(plans))].sized()
				}
				p.bug = bug
				x := newExplorer(p)
				for range 20 {
					if v := x.walk(r, 100); v != nil {
						t.Logf("after %d walks, %v: %v", walks+x.walks, time.Since(began).Round(time.Millisecond), v.fault)
						return
					}
				}
				walks += x.walks
			}
			t.Errorf("fault not found in %d walks", walks)
		})
	}
}
