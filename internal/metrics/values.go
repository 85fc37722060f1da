package metrics

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Values maps metric names with labels, as in the text, to their values at one moment.
type Values map[string]float64

// Parse reads the text that Write writes.
func Parse(r io.Reader) (Values, error) {
	values := Values{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		if at < 0 {
			return nil, fmt.Errorf("line %d has no value", n)
		}
		value, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("line %d: %q is not a number", n, line[at+1:])
		}
		values[line[:at]] = value
	}
	return values, lines.Err()
}

// Sum returns the sum of a family over the labels, as name="value", for which keep returns true; a nil keep accepts all.
func (f Values) Sum(family string, keep func(label string) bool) float64 {
	sum := f[family]
	for name, value := range f {
		label, ok := strings.CutPrefix(name, family+"{")
		if ok && (keep == nil || keep(strings.TrimSuffix(label, "}"))) {
			sum += value
		}
	}
	return sum
}

// Labelled returns the values of a family with one label, by the value of that label.
func (f Values) Labelled(family string) map[string]float64 {
	found := map[string]float64{}
	for name, value := range f {
		label, ok := strings.CutPrefix(name, family+"{")
		if _, quoted, isPair := strings.Cut(strings.TrimSuffix(label, "}"), "="); ok && isPair {
			if text, err := strconv.Unquote(quoted); err == nil {
				found[text] = value
			}
		}
	}
	return found
}

// WithoutBuckets returns the metrics that are not histogram buckets.
func (f Values) WithoutBuckets() Values {
	rest := Values{}
	for name, value := range f {
		if family, _, _ := strings.Cut(name, "{"); !strings.HasSuffix(family, "_bucket") {
			rest[name] = value
		}
	}
	return rest
}

// Buckets is a histogram: the number of values up to each bound. The bounds rise and end with +Inf.
type Buckets struct {
	Bounds []float64
	Counts []float64 // cumulative
	Sum    float64   // of the values
}

// Buckets returns the histogram of this name; it has no bounds if there is none.
func (f Values) Buckets(name string) Buckets {
	counts := map[float64]float64{}
	for label, count := range f.Labelled(name + "_bucket") {
		if bound, err := strconv.ParseFloat(label, 64); err == nil {
			counts[bound] = count
		}
	}
	b := Buckets{Sum: f[name+"_sum"]}
	for bound := range counts {
		b.Bounds = append(b.Bounds, bound)
	}
	slices.Sort(b.Bounds)
	for _, bound := range b.Bounds {
		b.Counts = append(b.Counts, counts[bound])
	}
	return b
}

// Total returns the number of values.
func (b Buckets) Total() float64 {
	if len(b.Counts) == 0 {
		return 0
	}
	return b.Counts[len(b.Counts)-1]
}

// Minus returns what was added since before.
func (b Buckets) Minus(before Buckets) Buckets {
	d := Buckets{Bounds: b.Bounds, Counts: slices.Clone(b.Counts), Sum: b.Sum - before.Sum}
	for i := range min(len(d.Counts), len(before.Counts)) {
		d.Counts[i] -= before.Counts[i]
	}
	return d
}

// Quantile estimates the value below which the share q of all values lie, with linear interpolation within a bucket, like
// Prometheus' histogram_quantile; NaN if there are no values. Beyond the last finite bound it returns that bound.
func (b Buckets) Quantile(q float64) float64 {
	total := b.Total()
	if total <= 0 {
		return math.NaN()
	}
	rank := q * total
	i := slices.IndexFunc(b.Counts, func(n float64) bool { return n >= rank })
	last := len(b.Bounds) - 1
	switch {
	case i == last && last > 0:
		return b.Bounds[last-1]
	case i == last:
		return math.NaN()
	}
	low, below := 0.0, 0.0
	if i > 0 {
		low, below = b.Bounds[i-1], b.Counts[i-1]
	}
	in := b.Counts[i] - below
	if in <= 0 {
		return b.Bounds[i]
	}
	return low + (b.Bounds[i]-low)*(rank-below)/in
}
