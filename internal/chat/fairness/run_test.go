package fairness

import (
	"fmt"
	"runtime"
	"sync"

	"chatme/internal/chat"
)

// column is under which conditions the scenarios are played, and which hour counts.
type column struct {
	name    string
	mode    chat.LowPriority
	manners manners
	collude bool
	hours   int // that are played
	hour    int // of these: the one that counts
}

var columns = []column{
	{"off, q 0.5", chat.LowPriorityOff, manners{0.5}, false, 1, 0},
	{"off, q 0.85", chat.LowPriorityOff, manners{0.85}, false, 1, 0},
	{"on, q 0.5", chat.LowPriorityOn, manners{0.5}, false, 2, 0},
	{"2nd hour", chat.LowPriorityOn, manners{0.5}, false, 2, 1},
	{"on, q 0.7", chat.LowPriorityOn, manners{0.7}, false, 2, 0},
	{"2nd hour", chat.LowPriorityOn, manners{0.7}, false, 2, 1},
	{"on, q 0.85", chat.LowPriorityOn, manners{0.85}, false, 2, 0},
	{"2nd hour", chat.LowPriorityOn, manners{0.85}, false, 2, 1},
	{"bots collude, q 0.5", chat.LowPriorityOn, manners{0.5}, true, 2, 0},
	{"2nd hour", chat.LowPriorityOn, manners{0.5}, true, 2, 1},
}

// run is one play.
type run struct {
	scenario scenario
	manners  manners
	mode     chat.LowPriority
	seed     uint64
	hours    int
}

// plays are the results of runs, each played once.
type plays map[run]*waits

// play plays the runs, on all processors.
func (p plays) play(runs []run) {
	queue := make(chan run)
	var workers sync.WaitGroup
	var mu sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for r := range queue {
				waits := r.scenario.play(r.manners, r.mode, r.seed, r.hours)
				mu.Lock()
				p[r] = waits
				mu.Unlock()
			}
		})
	}
	asked := map[run]bool{}
	for _, r := range runs {
		mu.Lock()
		_, played := p[r]
		mu.Unlock()
		if !played && !asked[r] {
			asked[r] = true
			queue <- r
		}
	}
	close(queue)
	workers.Wait()
}

// cell is one figure of the table.
type cell struct {
	scenario scenario
	column   column
}

func (c cell) run(seed uint64) run {
	s := c.scenario
	s.collude = c.column.collude
	s.theirs = false
	return run{s, c.column.manners, c.column.mode, seed, c.column.hours}
}

func (c cell) quiet(seed uint64) run {
	return run{c.scenario.quiet(), c.column.manners, chat.LowPriorityOff, seed, hours}
}

// applies reports whether the cell has a meaning: without bots none collude.
func (c cell) applies() bool { return c.scenario.bots > 0 || !c.column.collude }

// ratio is how many times longer people wait than without bots: over all seeds, and with the worst of them. If there are no
// bots it is how many times longer those wait who share an address than the others.
type ratio struct{ mean, worst float64 }

func (r ratio) String() string { return fmt.Sprintf("%s (%s)", figure(r.mean), figure(r.worst)) }

func figure(x float64) string {
	if x >= 10 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.1f", x)
}

func (p plays) ratio(c cell, seeds uint64) ratio {
	var wait, base mean
	var each []mean
	for seed := range seeds {
		w := p[c.run(seed)]
		m := w.all[c.column.hour]
		quiet := p[c.quiet(seed)].all[c.column.hour]
		if c.scenario.theirs {
			if m = w.shared[c.column.hour]; c.scenario.bots == 0 {
				all := w.all[c.column.hour]
				quiet = mean{all.sum - m.sum, all.n - m.n}
			}
		}
		each = append(each, m)
		wait.sum, wait.n = wait.sum+m.sum, wait.n+m.n
		base.sum, base.n = base.sum+quiet.sum, base.n+quiet.n
	}
	r := ratio{mean: wait.of() / base.of()}
	for _, m := range each {
		r.worst = max(r.worst, m.of()/base.of())
	}
	return r
}

// measure plays what cells need, and returns their figures.
func (p plays) measure(cells []cell, seeds uint64) []ratio {
	var runs []run
	for _, c := range cells {
		for seed := range seeds {
			runs = append(runs, c.run(seed), c.quiet(seed))
		}
	}
	p.play(runs)
	found := make([]ratio, len(cells))
	for i, c := range cells {
		found[i] = p.ratio(c, seeds)
	}
	return found
}
