package admin

import (
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"
)

// Config holds what a Server needs; static after New.
type Config struct {
	Health  Health
	Metrics Metrics
}

// Server answers the admin socket.
type Server struct {
	health Health
	source Metrics
	router chi.Router
}

// New returns the handler of the admin socket.
func New(cfg Config) (*Server, error) {
	if !cfg.Health.complete() || cfg.Metrics.Metrics == nil || cfg.Metrics.History == nil {
		return nil, errors.New("admin: incomplete configuration")
	}
	s := &Server{health: cfg.Health, source: cfg.Metrics}
	r := chi.NewRouter()
	s.metricsRoutes(r)
	r.Get("/history", s.history)
	profileRoutes(r)
	s.router = r
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.router.ServeHTTP(w, r) }
