package metrics

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Writer takes metrics that are read from elsewhere. Metrics of one family, which is a name without its labels, MUST be
// written consecutively.
type Writer struct {
	w      io.Writer
	family string // the family being written
}

// Gauge writes a metric that rises and falls. labels are alternating names and values.
func (w *Writer) Gauge(family string, value float64, labels ...string) {
	w.write(family, "gauge", value, labels)
}

// Counter writes a metric that only rises.
func (w *Writer) Counter(family string, value float64, labels ...string) {
	w.write(family, "counter", value, labels)
}

func (w *Writer) write(family, kind string, value float64, labels []string) {
	if w.family != family {
		w.family = family
		fmt.Fprintf(w.w, "# HELP %s\n# TYPE %s %s\n", family, family, kind)
	}
	name := family
	if len(labels) > 0 {
		pairs := make([]string, 0, len(labels)/2)
		for i := 0; i+1 < len(labels); i += 2 {
			pairs = append(pairs, labels[i]+"="+strconv.Quote(labels[i+1]))
		}
		name += "{" + strings.Join(pairs, ",") + "}"
	}
	fmt.Fprintf(w.w, "%s %s\n", name, strconv.FormatFloat(value, 'g', -1, 64))
}
