package fairness

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestFairnessTable prints the table of docs/fairness.md. FAIRNESS=10 is the number of seeds.
func TestFairnessTable(t *testing.T) {
	if os.Getenv("FAIRNESS") == "" {
		t.Skip("takes minutes; FAIRNESS=10 is the number of seeds")
	}
	seeds, err := strconv.ParseUint(os.Getenv("FAIRNESS"), 10, 8)
	if err != nil || seeds == 0 {
		t.Fatalf("FAIRNESS: %q is not a number of seeds", os.Getenv("FAIRNESS"))
	}
	fmt.Print("| scenario |")
	for _, c := range columns {
		fmt.Printf(" %s |", c.name)
	}
	fmt.Print("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	played := plays{}
	for _, s := range scenarios {
		var cells []cell
		for _, c := range columns {
			if (cell{s, c}).applies() {
				cells = append(cells, cell{s, c})
			}
		}
		found := played.measure(cells, seeds)
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
