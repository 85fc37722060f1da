package dashboard

import (
	"context"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"chatme/internal/admin"

	"github.com/go-chi/chi/v5"
)

//go:embed static
var static embed.FS

// policy lets the page load its own files and query this handler, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Source is the server to show; admin.Client documents the methods.
type Source interface {
	Do(ctx context.Context, method, path string) (*http.Response, error)
	Status(ctx context.Context) (*admin.Status, error)
}

// lists are the admin socket's paths that are passed through unchanged.
var lists = [...]string{"/history", "/sessions", "/queue"}

// Handler answers the browser.
type Handler struct {
	source Source
	token  string
	router chi.Router
}

// New returns a handler that shows source. Every path must begin with the token.
func New(source Source, token string) (*Handler, error) {
	if source == nil || token == "" || url.PathEscape(token) != token {
		return nil, errors.New("dashboard: incomplete configuration")
	}
	h := &Handler{source: source, token: token}
	r := chi.NewRouter()
	for path, name := range map[string]string{
		"/": "index.html", "/dashboard.css": "dashboard.css", "/dashboard.js": "dashboard.js",
		"/chart.js": "chart.js", "/text.js": "text.js",
	} {
		r.Get(path, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, static, "static/"+name) })
	}
	r.Get("/data/status", h.status)
	for _, path := range lists {
		r.Get("/data"+path, func(w http.ResponseWriter, r *http.Request) { h.pass(w, r, path) })
	}
	h.router = r
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer") // the address holds the token
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	if !isOwnName(r.Host) {
		http.Error(w, "The dashboard is only available on localhost; use an SSH tunnel from another machine", http.StatusMisdirectedRequest)
		return
	}
	token, rest, whole := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if subtle.ConstantTimeCompare([]byte(token), []byte(h.token)) != 1 {
		http.Error(w, "Open the full address that chatme dashboard printed", http.StatusNotFound)
		return
	}
	if !whole {
		http.Redirect(w, r, "/"+h.token+"/", http.StatusFound)
		return
	}
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath = "/"+rest, ""
	h.router.ServeHTTP(w, inner)
}

// isOwnName reports whether host, from a request, is a name of this machine, with any port, because a tunnel may use
// another one.
func isOwnName(host string) bool {
	name := host
	if n, _, err := net.SplitHostPort(host); err == nil {
		name = n
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	return name == "localhost" || name == "127.0.0.1" || name == "::1"
}

func (h *Handler) status(w http.ResponseWriter, r *http.Request) {
	s, err := h.source.Status(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(s)
}

// pass returns the server's answer to path with the same query.
func (h *Handler) pass(w http.ResponseWriter, r *http.Request, path string) {
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	answer, err := h.source.Do(r.Context(), http.MethodGet, path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
	w.WriteHeader(answer.StatusCode)
	io.Copy(w, answer.Body)
}
