package server

import (
	"cmp"
	"errors"
	"net/http"
	"sync/atomic"

	"chatme/internal/forwarded"
	"chatme/internal/metrics"
	"chatme/internal/network"
	"chatme/internal/ws"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/websocket"
)

// Config configures a Server.
type Config struct {
	Endpoint       *ws.Endpoint     // static after New; Reload changes the rest
	Origins        []string         // allowed besides the request's own host
	NullOrigin     bool             // pages without their own origin may connect
	Page           http.Handler     // the built-in page and its files; nil: disabled
	Metrics        *metrics.Metrics // nil: nothing is counted
	TrustedProxies []string         // CIDR networks whose X-Forwarded-For is trusted
}

// Server answers the public listener.
type Server struct {
	endpoint *ws.Endpoint     // static after New
	metrics  *metrics.Metrics // static after New
	surface  atomic.Pointer[surface]
	traces   traces
	stopping atomic.Bool
}

// surface is the public listener's handler for one configuration; immutable.
type surface struct {
	*Server
	origins origins
	proxies forwarded.Proxies
	router  chi.Router
}

// New returns the handler of the public listener.
func New(cfg Config) (*Server, error) {
	if cfg.Endpoint == nil {
		return nil, errors.New("server: incomplete configuration")
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.New()
	}
	s := &Server{endpoint: cfg.Endpoint, metrics: cfg.Metrics}
	return s, s.Reload(cfg)
}

// Reload applies cfg, except for its Endpoint and Metrics, to all new requests. If it returns an error, nothing has
// changed.
func (s *Server) Reload(cfg Config) error {
	trusted, err := forwarded.Parse(cfg.TrustedProxies)
	if err != nil {
		return err
	}
	next := &surface{Server: s, origins: newOrigins(cfg.Origins, cfg.NullOrigin), proxies: trusted}
	r := chi.NewRouter()
	r.Use(next.cors, next.upgrade)
	r.Get("/healthz", s.health)
	r.Head("/healthz", s.health)
	r.Method(http.MethodGet, "/robots.txt", robots(cfg.Page != nil))
	r.Method(http.MethodHead, "/robots.txt", robots(cfg.Page != nil))
	r.Get("/favicon.ico", noContent)
	r.Head("/favicon.ico", noContent)
	if cfg.Page != nil {
		page := unlessDropped(cfg.Page)
		r.Get("/", page)
		r.Head("/", page)
		for _, path := range []string{"/chatme.js", "/-/*"} {
			r.Method(http.MethodGet, path, cfg.Page)
			r.Method(http.MethodHead, path, cfg.Page)
		}
	}
	r.NotFound(upgradeRequired)
	r.MethodNotAllowed(upgradeRequired)
	next.router = r
	s.surface.Store(next)
	return nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	router := s.surface.Load().router
	if asksUpgrade(r) { // counted by its outcome
		router.ServeHTTP(w, r)
		return
	}
	answer := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
	router.ServeHTTP(answer, r)
	s.metrics.Request(cmp.Or(answer.Status(), http.StatusOK))
}

func asksUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && websocket.IsWebSocketUpgrade(r)
}

// Stopping makes /healthz answer 503.
func (s *Server) Stopping() { s.stopping.Store(true) }

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if s.stopping.Load() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	w.Write([]byte("ok\n"))
}

// upgrade handles every WebSocket request, whatever its path: the clients dial the bare origin.
func (s *surface) upgrade(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !asksUpgrade(r) {
			next.ServeHTTP(w, r)
			return
		}
		addr := s.proxies.Client(r)
		s.noteTrace(r, addr)
		if !s.origins.mayUpgrade(r) {
			s.metrics.Upgrade(metrics.UpgradeOrigin)
			http.Error(w, "Forbidden - Invalid origin", http.StatusForbidden)
			s.endpoint.Refused(network.Of(addr), "origin", http.StatusForbidden)
			return
		}
		s.endpoint.Accept(w, r, network.Of(addr))
	})
}

// upgradeRequired answers a GET that requests no page: RFC 9110, section 15.5.22.
func upgradeRequired(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Upgrade", "websocket")
	w.Header().Add("Connection", "Upgrade") // in addition to a close
	http.Error(w, "Expected a WebSocket upgrade", http.StatusUpgradeRequired)
}
