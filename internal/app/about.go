package app

import (
	"net/http"
	"net/netip"
	"os"

	"chatme/internal/admin"
	"chatme/internal/buildinfo"
	"chatme/internal/server"
)

// about returns what the server is and its settings in force, for the operator.
func (s *instance) about() admin.About {
	cfg := s.inForce.Load()
	return admin.About{
		Version: buildinfo.Version, Commit: buildinfo.Revision(), Process: os.Getpid(), Boot: s.started.Boot,
		Listening:      s.listening,
		PingMs:         s.cfg.PingInterval.Milliseconds(),
		TrustedProxies: listed(cfg.TrustedProxies),
		AllowedOrigins: listed(cfg.AllowedOrigins),
		Page:           cfg.Web == "on" && len(cfg.WebAPIKeys) > 0,
	}
}

func (s *instance) announce() (any, error) {
	number, err := s.public.Announce()
	if err != nil {
		return nil, &admin.Refusal{Status: http.StatusTooManyRequests, Text: err.Error()}
	}
	return admin.Announced{Number: number}, nil
}

// trace reports how an announced request arrived; from is the address that the operator sent it from.
func (s *instance) trace(r *http.Request) (any, error) {
	from, _ := netip.ParseAddrPort(r.URL.Query().Get("from")) // without it, the request took a detour
	trace, ok := s.public.Traced(r.URL.Query().Get("number"), from)
	if !ok {
		return nil, &admin.Refusal{Status: http.StatusNotFound, Text: "no such request was announced, or it was too long ago"}
	}
	return struct {
		server.Trace
	}{trace}, nil
}
