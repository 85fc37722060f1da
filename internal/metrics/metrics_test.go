package metrics

import (
	"bytes"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"chatme/internal/pace"
)

// read returns what m writes, parsed.
func read(t *testing.T, m *Metrics) Values {
	t.Helper()
	var text bytes.Buffer
	m.Write(&text)
	f, err := Parse(&text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestCountersAreReadBack(t *testing.T) {
	m := New()
	m.Watch(func(w *Writer) {
		w.Gauge("chatme_sessions", 3, "state", "idle")
		w.Gauge("chatme_sessions", 4, "state", `a "quoted" one`)
		w.Counter("chatme_matches_total", 1e9)
	})
	m.WatchCostly(func(w *Writer) { w.Gauge("chatme_table_rows", 7, "table", "sessions") })
	m.Upgrade(UpgradeAccepted)
	m.Upgrade(UpgradeOrigin)
	m.Request(200)
	m.Request(503)
	m.Error("gap")
	m.Closed(0)
	m.Closed(1000)
	for code := range 5000 {
		m.Closed(3000 + code)
	}
	m.FailedCommit()
	f := read(t, m)
	for name, want := range map[string]float64{
		`chatme_upgrades_total{result="accepted"}`:  1,
		`chatme_upgrades_total{result="throttled"}`: 0,
		`chatme_http_requests_total{code="200"}`:    1,
		`chatme_errors_total{code="gap"}`:           1,
		`chatme_closes_total{code="none"}`:          1,
		`chatme_closes_total{code="1000"}`:          1,
		`chatme_closes_total{code="4409"}`:          1,
		`chatme_closes_total{code="other"}`:         5000 - 7,
		`chatme_commit_failures_total`:              1,
		`chatme_matches_total`:                      1e9,
		`chatme_table_rows{table="sessions"}`:       7,
	} {
		if got, ok := f[name]; !ok || got != want {
			t.Errorf("%s %v, want %v", name, got, want)
		}
	}
	if got := f.Labelled("chatme_sessions"); !maps.Equal(got, map[string]float64{"idle": 3, `a "quoted" one`: 4}) {
		t.Errorf("sessions by state %v", got)
	}
	if f.Requests() != 4 || f.Errors() != 3 {
		t.Errorf("%v requests and %v errors, want 4 and 3", f.Requests(), f.Errors())
	}
	if f["process_resident_memory_bytes"] <= 0 || f["go_goroutines"] <= 0 {
		t.Error("the process is not in the metrics")
	}
	// The system counts hundredths of a second, and this process may not have used one yet: reading uses some.
	if !pace.Until(t.Context(), 20*time.Second, func() bool { return read(t, m)["process_cpu_seconds_total"] > 0 }) {
		t.Error("the CPU time of the process is not in the metrics")
	}
}

// A family is announced once, before its samples, and its name ends with its unit: scrapers rely on this.
func TestTextIsPrometheus(t *testing.T) {
	m := New()
	m.Watch(func(w *Writer) {
		w.Gauge("chatme_sessions", 1, "state", "idle")
		w.Gauge("chatme_sessions", 2, "state", "away")
	})
	m.Relay.Observe(time.Millisecond)
	var text bytes.Buffer
	m.Write(&text)
	announced := map[string]bool{}
	name := regexp.MustCompile(`^chatme_[a-z0-9_]+`)
	for line := range strings.Lines(text.String()) {
		if family, ok := strings.CutPrefix(line, "# TYPE chatme_"); ok {
			family, _, _ = strings.Cut(family, " ")
			if announced["chatme_"+family] {
				t.Errorf("chatme_%s is announced twice", family)
			}
			announced["chatme_"+family] = true
			continue
		}
		found := name.FindString(line)
		if found == "" {
			continue
		}
		base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(found, "")
		if !announced[found] && !announced[base] {
			t.Errorf("not announced: %s", line)
		}
	}
	if len(announced) < 9 {
		t.Errorf("only %d families: %v", len(announced), slices.Sorted(maps.Keys(announced)))
	}
}

func TestParseRefusesNonsense(t *testing.T) {
	for _, text := range []string{"chatme_x", "chatme_x one", "<html> </html>"} {
		if f, err := Parse(strings.NewReader(text)); err == nil {
			t.Errorf("%q: %v", text, f)
		}
	}
}

func TestQuantile(t *testing.T) {
	m := New()
	for range 90 {
		m.Relay.Observe(150 * time.Microsecond) // between 100 and 200 µs
	}
	for range 9 {
		m.Relay.Observe(3 * time.Millisecond) // between 2 and 5 ms
	}
	m.Relay.Observe(time.Hour) // beyond all bounds
	b := read(t, m).Buckets(RelaySeconds)
	if b.Total() != 100 {
		t.Fatalf("%v values, want 100", b.Total())
	}
	for q, want := range map[float64]float64{
		.45: .00015, // half of the 90
		.9:  .0002,
		.99: .005,
		1:   600, // the last bound
	} {
		if got := b.Quantile(q); math.Abs(got-want) > want/1e6 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if rest := b.Minus(b); rest.Total() != 0 || !math.IsNaN(rest.Quantile(.5)) {
		t.Errorf("nothing in between, and its median is %v", rest.Quantile(.5))
	}
	if none := (Values{}).Buckets("none"); none.Total() != 0 || !math.IsNaN(none.Quantile(.5)) {
		t.Errorf("no histogram: %+v", none)
	}
}

// A point is what came between two readings, and the hour is kept and no more.
func TestHistory(t *testing.T) {
	m := New()
	costly, messages := 0, 0.0
	m.Watch(func(w *Writer) {
		w.Gauge("chatme_sockets", 5)
		w.Counter("chatme_messages_received_total", messages)
	})
	m.WatchCostly(func(*Writer) { costly++ })
	h := NewHistory(m)
	now := time.Unix(1_700_000_000, 0)
	h.take(now)
	if got := h.Since(0); len(got) != 0 {
		t.Fatalf("points from one reading: %+v", got)
	}
	messages = 60
	m.Request(200)
	for range 30 {
		m.Request(500)
	}
	m.Relay.Observe(150 * time.Microsecond)
	m.Upgrade(UpgradeAccepted)
	m.Error("gap")
	now = now.Add(10 * time.Second)
	h.take(now)
	p := h.Since(0)[0]
	if p.Requests != 3.2 || p.Messages != 6 || p.Sockets != 5 || math.Abs(p.ErrorRate-31./92) > 1e-9 {
		t.Errorf("%+v", p)
	}
	if p.Relay.P50 == nil || math.Abs(*p.Relay.P50-.00015) > 1e-9 || p.Commit.P50 != nil {
		t.Errorf("relay %v, commit %v", p.Relay.P50, p.Commit.P50)
	}
	first := p.At
	for range samples {
		now = now.Add(10 * time.Second)
		h.take(now)
	}
	all := h.Since(0)
	if len(all) != samples || all[0].At != first+10_000 || all[0].Requests != 0 {
		t.Errorf("%d points from %d on: %+v", len(all), all[0].At, all[0])
	}
	if got := h.Since(all[samples-3].At); len(got) != 2 {
		t.Errorf("%d points after the last but two, want 2", len(got))
	}
	if costly != 0 {
		t.Errorf("history asked for what costs, %d times", costly)
	}
}
