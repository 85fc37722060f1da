package fairness

import (
	"testing"

	"chatme/internal/stage"
)

// TestFairnessBounds holds the lobby to the figures of docs/fairness.md, with one seed each: fewer scenarios, and bounds that
// leave room for the spread between seeds. FAIRNESS=10 takes ten seeds, and prints the whole table.
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
		{"100 people, 200 addresses", "off, q 0.5", 0, 5, 100},
		{"20 people, 1 address", "on, q 0.5", 0, 0, 1.6},
		{"100 people, 1 address", "on, q 0.5", 0, 0, 1.6},
		{"100 people, 1 address, silent bots that stay", "on, q 0.5", 0, 0, 1.6},
		{"100 people, 20 addresses", "on, q 0.5", 0, 0, 1.6},
		{"100 people, 20 addresses, a daily wave", "on, q 0.5", 0, 0, 1.6},
		{"100 people, 20 addresses", "on, q 0.7", 0, 0, 1.6},
		{"100 people, 1 address", collude, 0, 0, 1.6},
		{"100 people, 200 addresses", "on, q 0.5", 0, 0, 2.7},
		{"100 people, 200 addresses", "on, q 0.5", 1, 0, 1.7},
		{"20 people, 200 addresses, new sessions", "on, q 0.5", 0, 0, 6},
		{"20 people, 200 addresses, new sessions", "on, q 0.5", 1, 0, 1.7},
		{"100 people, 200 addresses, silent leavers", "on, q 0.5", 0, 0, 2.7},
		{"100 people, 200 addresses, silent leavers", "on, q 0.5", 1, 0, 1.7},
		{"100 people, 200 addresses", "on, q 0.7", 1, 0, 1.7},
		{"400 people, 200 addresses, new sessions", "on, q 0.5", 1, 0, 1.7},
		{"50 of 100 people behind one address, no bots: their wait", "on, q 0.5", 0, 0, 1.1},
		{"100 people, 200 addresses, new sessions, 80 % answer the bots", "on, q 0.5", 0, 0, 2.7},
		{"100 people, 200 addresses, new sessions, 80 % answer the bots", "on, q 0.5", 1, 0, 1.7},
	}
	cells := make([]cell, len(bounds))
	for i, b := range bounds {
		cells[i] = find(t, b.scenario, b.column, b.hour)
	}
	played := plays{}
	seeds, isSet := seedsOf(t)
	if isSet {
		played.printTable(seeds)
	}
	for i, r := range played.measure(cells, seeds) {
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

// TestNATPaysNothing: people who share an address wait no longer than the others. It is quick, so it runs everywhere.
func TestNATPaysNothing(t *testing.T) {
	c := find(t, "50 of 100 people behind one address, no bots: their wait", "on, q 0.7", 0)
	c.column.hours = 1
	if r := (plays{}).measure([]cell{c}, 2)[0]; r.mean > 1.1 {
		t.Errorf("they wait %.2f times as long", r.mean)
	}
}
