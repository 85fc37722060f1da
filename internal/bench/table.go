package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// row is one line of the table.
type row struct {
	label      string
	experiment string
	member     string  // of the result
	unit       float64 // the divisor of the value
	goals      []goal
}

// goal is a bound on chatme's result, or on its ratio to a peer's.
type goal struct {
	to    string // the peer; "" is the result itself
	least bool   // a lower bound; otherwise an upper bound
	bound float64
}

func atLeast(to string, bound float64) goal { return goal{to, true, bound} }
func atMost(to string, bound float64) goal  { return goal{to, false, bound} }

var rows = []row{
	{"relay, 50 pairs, messages/s", "relay 50", "messages_per_second", 1, []goal{atLeast(gorilla, 1.2)}},
	{"  p99, ms", "relay 50", "p99_us", 1000, []goal{atMost(gorilla, 1.2)}},
	{"  server CPU, µs per message", "relay 50", "cpu_s_per_1000", 1e-3, []goal{atMost(gorilla, 1)}},
	{"relay, 500 pairs, messages/s", "relay 500", "messages_per_second", 1, []goal{atLeast(gorilla, 1.2), atLeast(gws, 0.85)}},
	{"  p99, ms", "relay 500", "p99_us", 1000, nil},
	{"  server CPU, µs per message", "relay 500", "cpu_s_per_1000", 1e-3, []goal{atMost(gorilla, 1)}},
	{"the same, resumable, messages/s", "relay 500 resumable", "messages_per_second", 1, nil},
	{"  server CPU, µs per message", "relay 500 resumable", "cpu_s_per_1000", 1e-3, nil},
	{"relay at a fixed rate, p50, ms", "relay at a fixed rate", "p50_us", 1000, nil},
	{"  p99, ms", "relay at a fixed rate", "p99_us", 1000, []goal{atMost(gorilla, 1.1)}},
	{"  server CPU, µs per message", "relay at a fixed rate", "cpu_s_per_1000", 1e-3, nil},
	{"relay beside 1,000 searching, p99, ms", "mixed", "p99_us", 1000, nil},
	{"  ratio to the p99 without them", "mixed", "p99_ratio", 1, []goal{atMost("", 1.5)}},
	{"durable matches/s, 2,000 search", "match", "matches_per_second", 1, []goal{atLeast("", 6000)}},
	{"  … with think time", "match with think time", "matches_per_second", 1, []goal{atLeast("", 6000)}},
	{"  p99 of search to matched, ms", "match with think time", "p99_us", 1000, []goal{atMost("", 25)}},
	{"connect, auth, session, 1/s", "connect", "connects_per_second", 1, []goal{atLeast(gorilla, 0.9)}},
	{"connect, auth, durable session, 1/s", "connect and search", "connects_per_second", 1, []goal{atLeast(gorilla, 0.9)}},
	{"10,000 idle, bytes each", "idle", "rss_per_connection", 1, []goal{atMost("", 1800), atMost(gorilla, 0.1)}},
	{"  a quiet minute, server CPU, s", "quiet", "cpu_s_per_minute", 1, []goal{atMost("", 0.6)}},
	{"  its commits", "quiet", "commits", 1, []goal{atMost("", 0)}},
	{"2,000 cut and reconnected, s", "herd", "seconds", 1, nil},
	{"start with 100,000 sessions, ms", many, "ready_ms", 1, []goal{atMost("", 500)}},
	{"  CPU per auth, ratio to 1,000", many, "auth_ratio", 1, []goal{atMost("", 1.1)}},
	{"a million hibernated, extra MB", asleep, "rss_more", 1e6, []goal{atMost("", 10)}},
	{"  resume of one, p99, ms", asleep, "resume_p99_us", 1000, []goal{atMost("", 5)}},
}

// print writes the table: medians, and medians of the ratios within a round, which a temporary slowdown of the machine
// changes less. The goals apply to full runs only: if judged is false, they are not judged.
func (taken figures) print(w io.Writer, judged bool) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\t%s\t%s\t%s\t/%s\t/%s\tgoal\t\n", chatme, gorilla, gws, gorilla, gws)
	met, all := 0, 0
	for _, row := range rows {
		of := taken[row.experiment]
		ours := row.values(of[chatme])
		fmt.Fprintf(table, "%s\t%s", row.label, short(median(ours)))
		for _, peer := range []string{gorilla, gws} {
			fmt.Fprintf(table, "\t%s", short(median(row.values(of[peer]))))
		}
		for _, peer := range []string{gorilla, gws} {
			fmt.Fprintf(table, "\t%s", short(median(ratios(ours, row.values(of[peer])))))
		}
		var texts []string
		for _, g := range row.goals {
			values := ours
			if g.to != "" {
				values = ratios(ours, row.values(of[g.to]))
			}
			verdict := ""
			if judged {
				all++
				verdict = " MISSED"
				if g.reached(values) {
					met++
					verdict = " met"
				}
			}
			texts = append(texts, g.String()+verdict)
		}
		fmt.Fprintf(table, "\t%s\t\n", strings.Join(texts, ", "))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	last := fmt.Sprintf("%d of %d goals met", met, all)
	if !judged {
		last = "A quick run has fewer clients and less time: it shows only that everything works."
	}
	_, err := fmt.Fprintln(w, last)
	return err
}

func (r *row) values(taken []figure) []float64 {
	var values []float64
	for _, f := range taken {
		if x, ok := f[r.member].(float64); ok {
			values = append(values, x/r.unit)
		}
	}
	return values
}

func (g goal) reached(values []float64) bool {
	if len(values) == 0 {
		return false
	}
	if g.least {
		return median(values) >= g.bound
	}
	return median(values) <= g.bound
}

func (g goal) String() string {
	text := "≤ "
	if g.least {
		text = "≥ "
	}
	text += strconv.FormatFloat(g.bound, 'f', -1, 64)
	if g.to != "" {
		text += "× " + g.to
	}
	return text
}

// ratios returns the ratios of two servers' results, round by round.
func ratios(ours, theirs []float64) []float64 {
	var all []float64
	for i := range min(len(ours), len(theirs)) {
		if theirs[i] != 0 {
			all = append(all, ours[i]/theirs[i])
		}
	}
	return all
}

// median returns the middle value or the mean of the middle two; missing if there are none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return missing
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

const missing = -1

// short formats x with three digits, or with all digits before the decimal point.
func short(x float64) string {
	switch {
	case x == missing:
		return ""
	case x >= 100:
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}
