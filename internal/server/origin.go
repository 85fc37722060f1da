package server

import (
	"net/http"
	"net/url"
	"strings"
)

// origins are those whose pages may connect (RFC 6454), besides the server's own host.
type origins map[string]bool

func newOrigins(list []string) origins {
	o := make(origins, len(list))
	for _, origin := range list {
		o[origin] = true
	}
	return o
}

// allows says whether origin, as the request names it, is in the list or is the request's own host: React
// Native sends the host it dials as its origin.
func (o origins) allows(origin string, r *http.Request) bool {
	if o[origin] {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil &&
		strings.EqualFold(u.Host, r.Host) && strings.EqualFold(u.Scheme+"://"+u.Host, origin)
}

// mayUpgrade lets those through who have no origin: apps, and pages whose origin is opaque.
func (o origins) mayUpgrade(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "null" || o.allows(origin, r)
}

// cors answers OPTIONS and marks what an allowed origin may read.
func (s *surface) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		allowed := origin != "" && origin != "null" && s.origins.allows(origin, r)
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
