package explore

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"chatme/internal/stage"
)

// TestExplore runs for exploreLong among the long tests, and for exploreQuick otherwise. EXPLORE=1h replaces both.
const (
	exploreLong  = 30 * time.Second
	exploreQuick = 5 * time.Second
)

// goOn is how long to look for other violations after the first.
const goOn = 5 * time.Second

// mostStates is how many states of one plan are remembered, at about 60 bytes each.
const mostStates = 8_000_000

// TestExplore drives the lobby through every interleaving of small scenarios, and through long random ones, and
// checks the invariants after every step.
func TestExplore(t *testing.T) {
	budget := exploreQuick
	if stage.IsLong() {
		budget = exploreLong
	}
	if s := os.Getenv("EXPLORE"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		budget = d
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // worlds are short-lived
	seed := uint64(time.Now().UnixNano())
	t.Logf("%s, seed %d", budget, seed)
	f := newFleet(budget, seed)
	f.run()
	for _, v := range f.violations {
		t.Errorf("%v\n%s", v.fault, v.script())
	}
	f.report(t)
}

// fleet is the explorers that share the machine.
type fleet struct {
	began   time.Time
	end     time.Time
	share   time.Duration // of each plan, exhaustively
	seed    uint64
	workers int

	mu         sync.Mutex
	next       int // plan
	walkers    int
	tried      []*explorer // exhaustively
	violations []*violation
	kinds      map[string]bool
	sum        figures
	whole      int
}

func newFleet(budget time.Duration, seed uint64) *fleet {
	f := &fleet{began: time.Now(), seed: seed, workers: max(runtime.GOMAXPROCS(0), 1), kinds: make(map[string]bool)}
	f.end = f.began.Add(budget)
	f.share = budget / 2 * time.Duration(f.workers) / time.Duration(len(plans))
	return f
}

func (f *fleet) run() {
	var all sync.WaitGroup
	for range f.workers {
		all.Go(f.work)
	}
	all.Wait()
}

// work takes plans while there are any, and then does random walks.
func (f *fleet) work() {
	for {
		f.mu.Lock()
		i := f.next
		f.next++
		f.mu.Unlock()
		if i >= len(plans) {
			break
		}
		x := newExplorer(plans[i].sized())
		v := x.exhaust(earlier(time.Now().Add(f.share), f.until()), mostStates)
		f.add(x, v)
	}
	f.mu.Lock()
	f.walkers++
	r := rand.New(rand.NewPCG(f.seed, uint64(f.walkers)))
	f.mu.Unlock()
	for time.Now().Before(f.until()) {
		x := newExplorer(roam(r))
		var v *violation
		for i := 0; i < 50 && v == nil; i++ {
			v = x.walk(r, 20+r.IntN(200))
		}
		f.add(x, v)
	}
}

// roam makes a plan for long walks.
func roam(r *rand.Rand) *plan {
	p := plan{
		name: "walk", guests: crowds[r.IntN(len(crowds))], limits: long,
		mailbox: 1 + r.IntN(4), ring: 1 + r.IntN(4), pipeline: 1 + r.IntN(3),
		lag: r.IntN(2) == 0, slow: r.IntN(2) == 0, late: r.IntN(3) == 0, keeps: r.IntN(3) == 0, total: 1000,
	}
	if r.IntN(3) == 0 {
		p.total = 1 + r.IntN(4)
	}
	if r.IntN(3) == 0 {
		p.entry = 10
	}
	p.matched = r.IntN(len(p.guests) + 1)
	if r.IntN(4) == 0 {
		p.ttl = time.Minute
	}
	for _, less := range []*int8{&p.kills, &p.stops, &p.restores, &p.presses, &p.drops, &p.ticks, &p.waits, &p.pings} {
		if r.IntN(3) == 0 {
			*less = 0
		}
	}
	return &p
}

// add keeps one violation of each class.
func (f *fleet) add(x *explorer, v *violation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if x.states > 0 {
		f.tried = append(f.tried, x)
	}
	f.sum.states += x.states
	f.sum.steps += x.steps
	f.sum.walks += x.walks
	if x.whole {
		f.whole++
	}
	if v == nil {
		return
	}
	if kind := class(v.fault); !f.kinds[kind] {
		f.kinds[kind] = true
		f.violations = append(f.violations, v)
		if soon := time.Now().Add(goOn); soon.Before(f.end) {
			f.end = soon
		}
	}
}

// until returns when to stop.
func (f *fleet) until() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.end
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (f *fleet) report(t *testing.T) {
	for _, x := range f.tried {
		how := fmt.Sprintf("all paths of %d actions", x.depth)
		if x.whole {
			how = fmt.Sprintf("to the end, %d actions", x.depth)
		}
		t.Logf("%-26s %8d states, %s", x.plan.name, x.states, how)
	}
	t.Logf("%d scenarios, %d of them to the end; %d states, %d walks, %d steps; %.1f s",
		len(plans), f.whole, f.sum.states, f.sum.walks, f.sum.steps, time.Since(f.began).Seconds())
}
