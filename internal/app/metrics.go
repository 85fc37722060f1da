package app

import (
	"cmp"
	"context"
	"runtime"
	"sync"
	"time"

	"chatme/internal/buildinfo"
	"chatme/internal/metrics"
	"chatme/internal/store"
)

// watchMetrics makes m read its gauges from the parts of s.
func watchMetrics(m *metrics.Metrics, s *instance) {
	m.Watch(func(w *metrics.Writer) {
		c, sockets := s.hub.Stats(), s.endpoint.Conns()
		for _, state := range []struct {
			name string
			n    int
		}{
			{"unauthenticated", max(0, sockets-c.Idle-c.Waiting-c.Matched)},
			{"idle", c.Idle}, {"waiting", c.Waiting}, {"matched", c.Matched}, {"away", c.Away},
		} {
			w.Gauge("chatme_sessions", float64(state.n), "state", state.name)
		}
		w.Gauge("chatme_sockets", float64(sockets))
		w.Gauge("chatme_sockets_parked", float64(s.endpoint.Parked()))
		delayed, _ := s.endpoint.Waiting()
		w.Gauge("chatme_sockets_delayed", float64(delayed))
		w.Gauge("chatme_in_flight_bytes", float64(s.endpoint.InFlight()))
		w.Counter("chatme_messages_received_total", float64(c.Received))
		w.Counter("chatme_messages_delivered_total", float64(c.Delivered))
		w.Counter("chatme_messages_held_total", float64(c.Held))
		w.Counter("chatme_matches_total", float64(c.Matches))
		w.Counter("chatme_matches_between_pools_total", float64(c.Between))
		w.Gauge("chatme_low_priority_sessions", float64(c.LowPriority))
		w.Gauge("chatme_standing_need", float64(c.Need.Ignored), "kind", "ignored")
		w.Gauge("chatme_standing_need", float64(c.Need.Short), "kind", "short")
		w.Gauge("chatme_mailbox_bytes", float64(c.MailBytes))
		w.Gauge("chatme_commit_under_way_seconds", s.hub.CommittingFor().Seconds())

		database, wal := s.db.Bytes()
		w.Gauge("chatme_database_bytes", float64(database))
		w.Gauge("chatme_wal_bytes", float64(wal))
		if free, err := freeSpace(s.cfg.DB); err == nil {
			w.Gauge("chatme_disk_free_bytes", float64(free))
		}
		w.Gauge("chatme_build_info", 1, "version", cmp.Or(buildinfo.Version, "dev"), "commit", cmp.Or(buildinfo.Revision(), "unknown"), "go", runtime.Version())
	})
	m.WatchCostly(func(w *metrics.Writer) {
		networks, largest := s.endpoint.Spread()
		w.Gauge("chatme_networks", float64(networks))
		w.Gauge("chatme_largest_network_ratio", largest)
	})
	rows := &lastMeasure{db: s.db}
	m.WatchCostly(func(w *metrics.Writer) {
		found, ok := rows.get()
		if !ok {
			return
		}
		w.Gauge("chatme_freelist_bytes", float64(found.FreeBytes))
		w.Gauge("chatme_table_rows", float64(found.Sessions), "table", "sessions")
		w.Gauge("chatme_table_rows", float64(found.Mailbox), "table", "mailbox")
		w.Gauge("chatme_table_rows", float64(found.Boots), "table", "boots")
	})
}

const (
	// measureWithin bounds how long rows are counted; if that is too short for the database, the metrics have no row counts.
	measureWithin = 2 * time.Second
	// measureEvery is how long a count is valid; measureShare limits counting to a hundredth of the time.
	measureEvery = 5 * time.Second
	measureShare = 100
)

// lastMeasure counts the rows of the database now and then.
type lastMeasure struct {
	db *store.Store

	mu    sync.Mutex
	found store.Measure
	ok    bool      // found is valid
	again time.Time // not before this time
}

// get returns the last count, false if there is none.
func (l *lastMeasure) get() (store.Measure, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if began := time.Now(); began.After(l.again) {
		ctx, cancel := context.WithTimeout(context.Background(), measureWithin)
		defer cancel()
		var err error
		l.found, err = l.db.Measure(ctx)
		l.ok = err == nil
		took := time.Since(began)
		l.again = time.Now().Add(max(measureEvery, measureShare*took))
	}
	return l.found, l.ok
}
