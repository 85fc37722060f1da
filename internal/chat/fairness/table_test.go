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
	var cells []cell
	for _, s := range scenarios {
		for _, c := range columns {
			if (cell{s, c}).applies() {
				cells = append(cells, cell{s, c})
			}
		}
	}
	found := measure(cells, seeds)
	var text strings.Builder
	text.WriteString("| scenario |")
	for _, c := range columns {
		fmt.Fprintf(&text, " %s |", c.name)
	}
	text.WriteString("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, s := range scenarios {
		fmt.Fprintf(&text, "| %s |", s.name)
		for _, c := range columns {
			if !(cell{s, c}).applies() {
				text.WriteString(" – |")
				continue
			}
			fmt.Fprintf(&text, " %s |", found[0])
			found = found[1:]
		}
		text.WriteString("\n")
	}
	fmt.Println(text.String())
}
