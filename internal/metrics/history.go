package metrics

import (
	"bytes"
	"context"
	"math"
	"strings"
	"sync"
	"time"
)

const (
	// sampleEvery and samples add up to an hour.
	sampleEvery = 10 * time.Second
	samples     = 360
)

// Point is the activity in the seconds before a moment, and the state at that moment. Rates are per second.
type Point struct {
	At int64 `json:"at"` // Unix milliseconds

	Requests  float64 `json:"requests"`   // HTTP requests and upgrades
	Messages  float64 `json:"messages"`   // messages received
	Matches   float64 `json:"matches"`    //
	ErrorRate float64 `json:"error_rate"` // share of requests and messages that was refused or answered with an error

	Relay     Latency `json:"relay"`
	MatchWait Latency `json:"match_wait"`
	Commit    Latency `json:"commit"`
	Resume    Latency `json:"resume"`

	Sockets  float64            `json:"sockets"`
	Sessions map[string]float64 `json:"sessions"` // by state

	DatabaseBytes float64 `json:"database_bytes"`
	WALBytes      float64 `json:"wal_bytes"`
	MailboxBytes  float64 `json:"mailbox_bytes"`
	MemoryBytes   float64 `json:"memory_bytes"` // resident
	CPU           float64 `json:"cpu"`          // CPU seconds per second
}

// Latency holds estimates from a histogram's buckets, in seconds; nil if nothing was measured.
type Latency struct {
	P50 *float64 `json:"p50"`
	P95 *float64 `json:"p95"`
	P99 *float64 `json:"p99"`
}

// LatencyOf estimates the latencies of a histogram.
func LatencyOf(b Buckets) Latency {
	at := func(q float64) *float64 {
		if v := b.Quantile(q); !math.IsNaN(v) {
			return &v
		}
		return nil
	}
	return Latency{P50: at(.5), P95: at(.95), P99: at(.99)}
}

// PointOf returns the point for two readings, span apart.
func PointOf(before, after Values, at time.Time, span time.Duration) Point {
	rate := func(count float64) float64 { return count / span.Seconds() }
	since := func(name string) float64 { return after.Sum(name, nil) - before.Sum(name, nil) }
	latency := func(name string) Latency { return LatencyOf(after.Buckets(name).Minus(before.Buckets(name))) }

	requests := after.Requests() - before.Requests()
	messages := since("chatme_messages_received_total")
	p := Point{
		At:       at.UnixMilli(),
		Requests: rate(requests),
		Messages: rate(messages),
		Matches:  rate(since("chatme_matches_total")),

		Relay:     latency(RelaySeconds),
		MatchWait: latency(MatchWaitSeconds),
		Commit:    latency(CommitSeconds),
		Resume:    latency(ResumeSeconds),

		Sockets:  after["chatme_sockets"],
		Sessions: after.Labelled("chatme_sessions"),

		DatabaseBytes: after["chatme_database_bytes"],
		WALBytes:      after["chatme_wal_bytes"],
		MailboxBytes:  after["chatme_mailbox_bytes"],
		MemoryBytes:   after["process_resident_memory_bytes"],
		CPU:           rate(since("process_cpu_seconds_total")),
	}
	if all := requests + messages; all > 0 {
		p.ErrorRate = min((after.Errors()-before.Errors())/all, 1)
	}
	return p
}

// Requests returns the number of HTTP requests and upgrades.
func (f Values) Requests() float64 {
	return f.Sum("chatme_http_requests_total", nil) + f.Sum("chatme_upgrades_total", nil)
}

// Errors returns the number of refused upgrades, failed requests, and errors sent on sockets.
func (f Values) Errors() float64 {
	refused := f.Sum("chatme_upgrades_total", func(label string) bool { return label != `result="accepted"` })
	failed := f.Sum("chatme_http_requests_total", func(label string) bool { return strings.HasPrefix(label, `code="5`) })
	return refused + failed + f.Sum("chatme_errors_total", nil)
}

// History keeps the last hour of a server's metrics, a point every ten seconds.
type History struct {
	metrics *Metrics

	mu     sync.Mutex
	points []Point // oldest first
	last   Values  // of the last point
	lastAt time.Time
}

// NewHistory returns an empty history of m.
func NewHistory(m *Metrics) *History { return &History{metrics: m} }

// Run takes points until ctx ends. It reads only cheap metrics, so it writes nothing and does not query the database.
func (h *History) Run(ctx context.Context) {
	ticks := time.NewTicker(sampleEvery)
	defer ticks.Stop()
	h.take(time.Now())
	for {
		select {
		case now := <-ticks.C:
			h.take(now)
		case <-ctx.Done():
			return
		}
	}
}

// take adds a point, unless this is the first reading.
func (h *History) take(now time.Time) {
	var text bytes.Buffer
	h.metrics.write(&text, false)
	values, err := Parse(&text)
	if err != nil {
		return // a test proves that Parse reads what Write writes
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last != nil {
		if len(h.points) == samples {
			copy(h.points, h.points[1:])
			h.points = h.points[:samples-1]
		}
		h.points = append(h.points, PointOf(h.last, values, now, now.Sub(h.lastAt)))
	}
	h.last, h.lastAt = values, now
}

// Since returns the points after a moment in Unix milliseconds, oldest first.
func (h *History) Since(at int64) []Point {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := []Point{}
	for _, p := range h.points {
		if p.At > at {
			found = append(found, p)
		}
	}
	return found
}
