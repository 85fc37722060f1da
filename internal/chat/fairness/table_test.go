package fairness

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// seedsOf returns how many seeds FAIRNESS asks for, and whether it is set.
func seedsOf(t *testing.T) (seeds uint64, isSet bool) {
	t.Helper()
	text := os.Getenv("FAIRNESS")
	if text == "" {
		return 1, false
	}
	seeds, err := strconv.ParseUint(text, 10, 8)
	if err != nil || seeds == 0 {
		t.Fatalf("FAIRNESS: %q is not a number of seeds", text)
	}
	return seeds, true
}

// printTable prints the table of docs/fairness.md.
func (p plays) printTable(seeds uint64) {
	fmt.Print("| scenario |")
	for _, c := range columns {
		fmt.Printf(" %s |", c.name)
	}
	fmt.Print("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, s := range scenarios {
		var cells []cell
		for _, c := range columns {
			if (cell{s, c}).applies() {
				cells = append(cells, cell{s, c})
			}
		}
		found := p.measure(cells, seeds)
		fmt.Printf("| %s |", s.name)
		for _, c := range columns {
			if !(cell{s, c}).applies() {
				fmt.Print(" – |")
				continue
			}
			fmt.Printf(" %s |", found[0])
			found = found[1:]
		}
		fmt.Println()
	}
}
