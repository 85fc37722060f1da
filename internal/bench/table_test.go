package main

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	many := func(member string, values ...float64) []figure {
		var all []figure
		for _, v := range values {
			all = append(all, figure{member: v, "server": "x"})
		}
		return all
	}
	taken := figures{
		"relay 500": {
			chatme:  many("messages_per_second", 130, 60, 260),
			gorilla: many("messages_per_second", 100, 50, 200),
			gws:     many("messages_per_second", 200, 100, 400),
		},
		"quiet": {chatme: many("commits", 0)},
	}
	var b strings.Builder
	if err := taken.print(&b, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"relay, 500 pairs, messages/s           130     100      200  1.3       0.65  ≥ 1.2× gorilla met, ≥ 0.85× gws MISSED",
		"its commits                          0                                     ≤ 0 met",
		"2 of 21 goals met",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestEveryRowIsMeasured(t *testing.T) {
	of := map[string]experiment{}
	for _, e := range experiments {
		of[e.name] = e
	}
	for _, row := range rows {
		e, ok := of[row.experiment]
		if !ok {
			t.Errorf("%s: no experiment %q", row.label, row.experiment)
		}
		for _, g := range row.goals {
			if g.to != "" && !e.everyone {
				t.Errorf("%s: %s does not take part in %q", row.label, g.to, e.name)
			}
		}
	}
}

func TestMedian(t *testing.T) {
	for want, values := range map[float64][]float64{missing: nil, 3: {3}, 2.5: {4, 1, 2, 3}, 7: {9, 7, 1}} {
		if got := median(values); got != want {
			t.Errorf("median of %v: %v", values, got)
		}
	}
}
