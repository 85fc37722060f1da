package metrics

import (
	"time"

	vm "github.com/VictoriaMetrics/metrics"
)

// Rate names a rate at which a reader waits.
type Rate string

// The rates: of a socket, of a session, and of a network.
const (
	RateFrames       Rate = "frames"
	RateMessages     Rate = "messages"
	RateBytes        Rate = "bytes"
	RatePings        Rate = "pings"
	RateResumes      Rate = "resumes"
	RateSearches     Rate = "searches"
	RateSessions     Rate = "sessions"
	RateNetworkBytes Rate = "network_bytes"
)

// Rates lists all of them.
var Rates = [...]Rate{RateFrames, RateMessages, RateBytes, RatePings, RateResumes, RateSearches, RateSessions, RateNetworkBytes}

// Waited counts one wait of a reader at a rate.
func (m *Metrics) Waited(at Rate, d time.Duration) {
	times, seconds := m.waits(at)
	times.Inc()
	seconds.Add(d.Seconds())
}

func (m *Metrics) waits(at Rate) (times *vm.Counter, seconds *vm.FloatCounter) {
	label := `{class="` + string(at) + `"}`
	return m.set.GetOrCreateCounter("chatme_rate_waits_total" + label), m.set.GetOrCreateFloatCounter("chatme_rate_wait_seconds_total" + label)
}
