package admin

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"strconv"

	"github.com/go-chi/chi/v5"

	"chatme/internal/metrics"
)

// Metrics is the source of the server's metrics.
type Metrics struct {
	Metrics *metrics.Metrics
	History *metrics.History
}

// metricsRoutes adds to r the routes that a scraper may use.
func (s *Server) metricsRoutes(r chi.Router) {
	r.Get("/metrics", s.metrics)
	s.healthRoutes(r)
}

// Scraper returns the handler for a scraper: metrics and health, and nothing else.
func (s *Server) Scraper() http.Handler {
	r := chi.NewRouter()
	s.metricsRoutes(r)
	return r
}

func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	s.source.Metrics.Write(w)
}

// history answers with the points after ?since=, in Unix milliseconds, or all.
func (s *Server) history(w http.ResponseWriter, r *http.Request) {
	since := int64(0)
	if text := r.URL.Query().Get("since"); text != "" {
		var err error
		if since, err = strconv.ParseInt(text, 10, 64); err != nil {
			http.Error(w, "since: not a number of milliseconds", http.StatusBadRequest)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(s.source.History.Since(since))
}

// profileRoutes adds pprof to r, except the command line, which may hold keys.
func profileRoutes(r chi.Router) {
	r.Get("/debug/pprof/*", pprof.Index) // also each profile by its name
	r.Get("/debug/pprof/profile", pprof.Profile)
	r.Get("/debug/pprof/symbol", pprof.Symbol)
	r.Post("/debug/pprof/symbol", pprof.Symbol)
	r.Get("/debug/pprof/trace", pprof.Trace)
}
