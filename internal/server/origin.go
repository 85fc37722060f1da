package server

import (
	"net/http"

	"chatme/internal/config"
)

// origins are the origins whose pages may connect (RFC 6454), besides the server's own host.
type origins struct {
	listed map[string]bool // in canonical form
	null   bool            // also pages without their own origin
}

func newOrigins(list []string, null bool) origins {
	o := origins{make(map[string]bool, len(list)), null}
	for _, origin := range list {
		if parsed, ok := config.ParseOrigin(origin); ok {
			o.listed[parsed.String()] = true
		}
	}
	return o
}

// allows reports whether origin, as sent in the request, is in the list or is the request's own host: React Native sends
// the host it dials as its origin. Some clients and proxies include a default port and some do not; the scheme of the
// origin determines the default port.
func (o origins) allows(origin string, r *http.Request) bool {
	sent, ok := config.ParseOrigin(origin)
	if !ok {
		return false
	}
	if o.listed[sent.String()] {
		return true
	}
	if sent.Scheme != "http" && sent.Scheme != "https" {
		return false
	}
	own, ok := config.CanonicalHost(sent.Scheme, r.Host)
	return ok && sent.Host == own
}

// mayUpgrade also accepts requests without an origin: they come from apps, which no page can control.
func (o origins) mayUpgrade(r *http.Request) bool {
	switch origin := r.Header.Get("Origin"); origin {
	case "":
		return true
	case "null":
		return o.null
	default:
		return o.allows(origin, r)
	}
}

// cors answers OPTIONS and sets the headers that let an allowed origin read the answer.
func (s *surface) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		allowed := s.origins.allows(origin, r)
		h := w.Header()
		h.Add("Vary", "Origin")
		if allowed {
			h.Set("Access-Control-Allow-Origin", origin)
		}
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		if !allowed {
			http.Error(w, "Forbidden", http.StatusForbidden)
			return
		}
		h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Content-Type, Upgrade, Connection")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusOK)
	})
}
