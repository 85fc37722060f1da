package explore

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// explorer explores the futures of one plan. One goroutine owns it.
type explorer struct {
	plan  *plan
	codec *codec
	base  *world
	figures
}

// figures is the result of an exploration.
type figures struct {
	states int // distinct ones, in the exhaustive part
	depth  int // all paths of this many actions were tried
	whole  bool
	walks  int
	steps  int
}

// violation is a path to an invalid world.
type violation struct {
	plan  *plan
	path  []action
	fault error
}

func newExplorer(p *plan) *explorer {
	x := &explorer{plan: p, codec: newCodec()}
	x.base = newWorld(p, nil)
	x.base.prelude()
	return x
}

func (x *explorer) start() *world {
	return x.codec.clone(x.base)
}

// replay performs a path, and drains if the violation only shows then.
func (x *explorer) replay(path []action, drain bool, log *strings.Builder) *world {
	w := x.start()
	if log != nil { // from the very beginning
		w = newWorld(x.plan, log)
		w.prelude()
	}
	for _, a := range path {
		if w.fault != nil {
			return w
		}
		w.do(a)
		x.steps++
	}
	if drain && w.fault == nil {
		w.note("# everybody comes back, and all in flight arrives")
		w.drain()
	}
	return w
}

// mostWorlds is how many worlds are kept until their futures are tried; the others are replayed then.
const mostWorlds = 10_000

// exhaust tries every path, short ones first, and does not continue from a state that was reached before. It stops
// at the first violation, at the deadline, or when there are too many states to remember.
func (x *explorer) exhaust(deadline time.Time, most int) *violation {
	type node struct {
		parent int32
		depth  int32
		a      action
		w      *world // nil: to be replayed
	}
	nodes := []node{{parent: -1}}
	kept := 0
	seen := map[uint64]struct{}{x.codec.hash(x.base): {}}
	var path, options []action
	for at := 0; at < len(nodes); at++ {
		if len(nodes) > most || at%16 == 0 && time.Now().After(deadline) {
			return nil
		}
		path = path[:0]
		for i := int32(at); nodes[i].parent >= 0; i = nodes[i].parent {
			path = append(path, nodes[i].a)
		}
		slices.Reverse(path)
		w := nodes[at].w
		if w == nil {
			w = x.replay(path, false, nil)
		} else {
			nodes[at].w = nil
			kept--
		}
		x.depth = int(nodes[at].depth)
		options = w.enabled(options[:0])
		for i, a := range options {
			next := w
			if i < len(options)-1 {
				next = x.codec.clone(w)
			}
			next.do(a)
			x.steps++
			if next.fault != nil {
				return x.found(append(path, a), false)
			}
			h := x.codec.hash(next)
			if _, ok := seen[h]; ok {
				continue
			}
			seen[h] = struct{}{}
			x.states++
			n := node{parent: int32(at), depth: nodes[at].depth + 1, a: a}
			if h>>56 < 32 { // an eighth of them
				next.drain()
				if next.fault != nil {
					return x.found(append(path, a), true)
				}
			} else if kept < mostWorlds {
				n.w = next
				kept++
			}
			nodes = append(nodes, n)
		}
	}
	x.whole = true
	return nil
}

// walk takes one random path and drains.
func (x *explorer) walk(r *rand.Rand, length int) *violation {
	w := x.start()
	var path, options []action
	x.walks++
	// Some walks hurry, some dawdle: this is how much likelier progress is than a fault.
	haste := 1 + r.IntN(8)
	for len(path) < length {
		options = w.enabled(options[:0])
		if len(options) == 0 {
			break
		}
		a := options[r.IntN(len(options))]
		for i := 0; i < haste && costly[a.what]; i++ {
			a = options[r.IntN(len(options))]
		}
		path = append(path, a)
		w.do(a)
		x.steps++
		if w.fault != nil {
			return x.found(path, false)
		}
	}
	if w.drain(); w.fault != nil {
		return x.found(path, true)
	}
	return nil
}

var costly = [verbs]bool{
	drops: true, breaks: true, kills: true, stops: true, backsUp: true, restores: true, ends: true, quits: true,
	ticks: true, lying: true, presses: true,
}

// found shortens a path as far as possible by leaving out actions that the violation does not need.
func (x *explorer) found(path []action, drain bool) *violation {
	path = slices.Clone(path)
	fault := x.replay(path, drain, nil).fault
	if fault == nil {
		return &violation{x.plan, path, fmt.Errorf("the violation does not recur: it depends on more than the world")}
	}
	kind := class(fault)
	holds := func(p []action) bool {
		f := x.replay(p, drain, nil).fault
		return f != nil && class(f) == kind
	}
	for size := len(path) / 2; size > 0; {
		cut := false
		for i := 0; i+size <= len(path); {
			if shorter := slices.Delete(slices.Clone(path), i, i+size); holds(shorter) {
				path, cut = shorter, true
			} else {
				i += size
			}
		}
		if !cut || size > len(path) {
			size = min(size/2, len(path))
		}
	}
	return &violation{x.plan, path, x.replay(path, drain, nil).fault}
}

// class tells violations apart while a path is shortened: the text without the names.
func class(err error) string {
	s := err.Error()
	if i := strings.Index(s, ":"); i > 0 && i < 9 {
		return s[:i]
	}
	var words []string
	for _, w := range strings.Fields(s) {
		if len(w) > 2 && !strings.ContainsAny(w, "$[\"0123456789") {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

// script prints a violation as a golden script.
func (v *violation) script() string {
	var log strings.Builder
	x := newExplorer(v.plan)
	w := x.replay(v.path, false, &log)
	if w.fault == nil {
		w.note("# everybody comes back, and all in flight arrives")
		w.drain()
	}
	fmt.Fprintf(&log, "# VIOLATION: %v\n", v.fault)
	return fmt.Sprintf("# %s: %v\n%s", v.plan.name, v.fault, log.String())
}
