package metrics

import (
	"io"
	"slices"
	"strconv"
	"time"

	vm "github.com/VictoriaMetrics/metrics"

	_ "chatme/internal/stdlog" // before the library above, which writes to the global logger
)

// The upper bounds of the histograms' buckets: of seconds, from 10 µs to ten minutes in steps of 1, 2 and 5, and of
// rows in a commit.
var (
	secondsBounds = []float64{
		1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, .1, .2, .5, 1, 2, 5, 10, 30, 60, 120, 300, 600,
	}
	rowsBounds = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000}
)

// The names of the histograms.
const (
	RelaySeconds     = "chatme_relay_seconds"      // a message: from when its frame has been read to when the partner's is written
	MatchWaitSeconds = "chatme_match_wait_seconds" // a session: from the queue to its match
	CommitSeconds    = "chatme_commit_seconds"     // a transaction, failed tries included
	ResumeSeconds    = "chatme_resume_seconds"     // from when an auth that resumes has been read to when resumed is written
	CommitRows       = "chatme_commit_rows"        // changes, mailbox entries and acknowledgments in a transaction
)

// Metrics holds the metrics of one server. It is safe for concurrent use.
type Metrics struct {
	Relay, MatchWait, Commit, Resume Histogram
	Rows                             Histogram

	set *vm.Set

	// static once the server serves
	watched []func(*Writer) // called at every reading
	costly  []func(*Writer) // called only for a scraper or a command
}

// Histogram counts values in buckets.
type Histogram struct{ h *vm.PrometheusHistogram }

// Observe counts a duration, in seconds.
func (h Histogram) Observe(d time.Duration) { h.h.Update(float64(d) / float64(time.Second)) }

// Count counts a number of things.
func (h Histogram) Count(n int) { h.h.Update(float64(n)) }

// New returns metrics that are all zero.
func New() *Metrics {
	// The library has one per process; nothing else here uses it.
	vm.ExposeMetadata(true)
	set := vm.NewSet()
	histogram := func(name string, bounds []float64) Histogram {
		return Histogram{set.NewPrometheusHistogramExt(name, bounds)}
	}
	m := &Metrics{
		Relay:     histogram(RelaySeconds, secondsBounds),
		MatchWait: histogram(MatchWaitSeconds, secondsBounds),
		Commit:    histogram(CommitSeconds, secondsBounds),
		Resume:    histogram(ResumeSeconds, secondsBounds),
		Rows:      histogram(CommitRows, rowsBounds),
		set:       set,
	}
	// A rate needs an initial zero.
	for _, result := range upgradeResults {
		m.upgrades(result)
	}
	for _, code := range closeCodes {
		m.closes(closeLabel(code))
	}
	for _, rate := range Rates {
		m.waits(rate)
	}
	m.commitFailures()
	return m
}

// counter is a counter with one label.
func (m *Metrics) counter(family, label, value string) *vm.Counter {
	return m.set.GetOrCreateCounter(family + "{" + label + "=" + strconv.Quote(value) + "}")
}

func (m *Metrics) upgrades(result string) *vm.Counter {
	return m.counter("chatme_upgrades_total", "result", result)
}

func (m *Metrics) closes(label string) *vm.Counter {
	return m.counter("chatme_closes_total", "code", label)
}

func (m *Metrics) commitFailures() *vm.Counter {
	return m.set.GetOrCreateCounter("chatme_commit_failures_total")
}

// The results of a WebSocket upgrade.
const (
	UpgradeAccepted  = "accepted"
	UpgradeOrigin    = "origin"    // not allowed
	UpgradeThrottled = "throttled" // too many wrong keys from this address
	UpgradeFull      = "full"      // no room for another connection
	UpgradeNetwork   = "network"   // too many connections from this network
	UpgradeFailed    = "failed"    // invalid handshake
)

var upgradeResults = [...]string{UpgradeAccepted, UpgradeOrigin, UpgradeThrottled, UpgradeFull, UpgradeNetwork, UpgradeFailed}

// Upgrade counts a WebSocket upgrade by its result.
func (m *Metrics) Upgrade(result string) { m.upgrades(result).Inc() }

// Request counts any other HTTP request by its response status.
func (m *Metrics) Request(status int) {
	m.counter("chatme_http_requests_total", "code", strconv.Itoa(status)).Inc()
}

// Error counts an error sent to a client, by its protocol code.
func (m *Metrics) Error(code string) { m.counter("chatme_errors_total", "code", code).Inc() }

// Closed counts the end of a socket by the close code received or sent; 0: the socket was lost without one.
func (m *Metrics) Closed(code int) { m.closes(closeLabel(code)).Inc() }

// closeCodes are the codes of RFC 6455, section 7.4.1, that occur, and the protocol's own; 0 is a lost socket.
var closeCodes = [...]int{
	0, 1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 4001, 4100, 4400, 4408, 4409, 4410, 4429,
}

// closeLabel keeps codes invented by a peer out of the labels.
func closeLabel(code int) string {
	switch {
	case code == 0:
		return "none"
	case slices.Contains(closeCodes[:], code):
		return strconv.Itoa(code)
	}
	return "other"
}

// FailedCommit counts a commit that failed and is retried.
func (m *Metrics) FailedCommit() { m.commitFailures().Inc() }

// Watch makes every reading call f, including those of History. f MUST NOT touch the disk beyond a stat. Watch must be
// called before the server serves.
func (m *Metrics) Watch(f func(*Writer)) { m.watched = append(m.watched, f) }

// WatchCostly makes only readings for a scraper or a command call f.
func (m *Metrics) WatchCostly(f func(*Writer)) { m.costly = append(m.costly, f) }

// Write writes all metrics.
func (m *Metrics) Write(w io.Writer) { m.write(w, true) }

func (m *Metrics) write(w io.Writer, costly bool) {
	m.set.WritePrometheus(w)
	own := &Writer{w: w}
	for _, f := range m.watched {
		f(own)
	}
	if costly {
		for _, f := range m.costly {
			f(own)
		}
	}
	vm.WriteProcessMetrics(w)
}
