package fairness

import (
	"testing"

	"chatme/internal/chat"
	"chatme/internal/stage"
)

// TestFairnessBounds holds the lobby to the figures of docs/fairness.md, with one seed each: fewer scenarios, and bounds that
// leave room for the spread between seeds.
func TestFairnessBounds(t *testing.T) {
	stage.Long(t)
	type bound struct {
		scenario, column string
		hour             int
		least, most      float64
	}
	const collude = "bots collude, q 0.5"
	bounds := []bound{
		{"100 people, 1 address", "off, q 0.5", 0, 5, 100}, // otherwise the simulation shows nothing
		{"100, 200 addresses", "off, q 0.5", 0, 5, 100},
		{"20 people, 200 bots at 1 address", "on, q 0.5", 0, 0, 1.6},
		{"100 people, 1 address", "on, q 0.5", 0, 0, 1.6},
		{"100, silent bots that stay", "on, q 0.5", 0, 0, 1.6},
		{"100, 20 addresses", "on, q 0.5", 0, 0, 1.6},
		{"100, 200 addresses", "on, q 0.5", 0, 0, 2.7},
		{"100, 200 addresses", "on, q 0.5", 1, 0, 1.7},
		{"20, the same", "on, q 0.5", 0, 0, 6},
		{"20, the same", "on, q 0.5", 1, 0, 1.7},
		{"100, silent leavers at 200 addresses", "on, q 0.5", 0, 0, 2.7},
		{"100, silent leavers at 200 addresses", "on, q 0.5", 1, 0, 1.7},
		{"400, the same", "on, q 0.7", 1, 0, 1.7},
		{"50 of 100 behind one NAT, no bots: their wait", "on, q 0.5", 0, 0, 1.15},
		{"400, the same", collude, 0, 3, 100}, // a limit of the rule
	}
	cells := make([]cell, len(bounds))
	for i, b := range bounds {
		cells[i] = find(t, b.scenario, b.column, b.hour)
	}
	for i, r := range (plays{}).measure(cells, 1) {
		if b := bounds[i]; r.mean < b.least || r.mean > b.most {
			t.Errorf("%s, %s, hour %d: people wait %.2f times as long, want %v to %v", b.scenario, b.column, b.hour+1, r.mean, b.least, b.most)
		}
	}
}

// find returns the cell of an hour in the column with this name.
func find(t *testing.T, name, column string, hour int) cell {
	t.Helper()
	for _, s := range scenarios {
		if s.name != name {
			continue
		}
		for i, c := range columns {
			if c.name == column {
				return cell{s, columns[i+hour]}
			}
		}
	}
	t.Fatalf("no cell %q, %q", name, column)
	return cell{}
}

// TestNATPaysNothing: with the low-priority pool, people behind one address wait no longer, and none of the people stands
// out. It is quick, so it runs everywhere.
func TestNATPaysNothing(t *testing.T) {
	c := find(t, "50 of 100 behind one NAT, no bots: their wait", "on, q 0.7", 0)
	c.column.hours = 1
	r := (plays{}).measure([]cell{c}, 2)[0]
	if r.mean > 1.15 {
		t.Errorf("they wait %.2f times as long as the others", r.mean)
	}
	_ = chat.LowPriorityOn
}
