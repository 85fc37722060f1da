package admin

import (
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"
)

// Config holds what a Server needs; static after New.
type Config struct {
	Health  Health
	Figures Figures
}

// Server answers the admin socket.
type Server struct {
	health  Health
	figures Figures
	router  chi.Router
}

// New returns the handler of the admin socket.
func New(cfg Config) (*Server, error) {
	if !cfg.Health.complete() || cfg.Figures.Metrics == nil || cfg.Figures.History == nil {
		return nil, errors.New("admin: incomplete configuration")
	}
	s := &Server{health: cfg.Health, figures: cfg.Figures}
	r := chi.NewRouter()
	s.figureRoutes(r)
	r.Get("/history", s.history)
	profileRoutes(r)
	s.router = r
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.router.ServeHTTP(w, r) }
