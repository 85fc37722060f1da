package app

import (
	"log/slog"
	"strings"

	"chatme/internal/admin"
	"chatme/internal/config"
	"chatme/internal/descriptors"
	"chatme/internal/tail"
)

// reload reads the configuration and the certificate's files again, and applies what can change while the server runs:
// all of it, or nothing with an error that lists every problem. Authenticated sockets stay, even if their key was
// removed.
func (s *instance) reload() (*admin.Reloaded, error) {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	s.super.reloading()
	defer s.super.ready() // in any case: an invalid configuration leaves the previous one in force
	loaded, found, err := s.read()
	if err != nil {
		return nil, err
	}
	warnExposed(s.log, found)
	next, changed, left, err := config.Merge(s.inForce.Load(), loaded)
	if err != nil {
		return nil, err
	}
	surface, err := surfaceConfig(next)
	if err != nil {
		return nil, err
	}
	sockets, err := socketLimits(next, s.started.Epoch)
	if err != nil {
		return nil, err
	}
	files, err := descriptors.Own(int(next.MaxConns))
	if err != nil {
		return nil, err
	}
	if s.cert != nil {
		if err := s.cert.Refresh(); err != nil {
			return nil, err
		}
	}
	// The endpoint first: a page must not carry a key that is not accepted yet.
	if err := s.endpoint.SetLimits(sockets); err != nil {
		return nil, err
	}
	if err := s.public.Reload(surface); err != nil {
		return nil, err
	}
	s.arrivals.Resize(arrivalLimits(files))
	s.hub.SetLimits(lobbyLimits(next))
	s.level.Set(logLevel(next))
	s.inForce.Store(next)
	return &admin.Reloaded{Changed: changed, Left: left}, nil
}

// reloadAndLog is reload with its result in the log.
func (s *instance) reloadAndLog() (*admin.Reloaded, error) {
	done, err := s.reload()
	if err != nil {
		s.log.Error("reload failed, keeping the current configuration", "problems", strings.Split(err.Error(), "\n"))
		s.tail.Publish(tail.Event{Type: tail.Reload, Failed: true, Reason: "invalid configuration"})
		return nil, err
	}
	s.log.Info("reloaded", "changed", names(done.Changed), "needs_restart", names(done.Left))
	s.tail.Publish(tail.Event{Type: tail.Reload, Count: int64(len(done.Changed))})
	return done, nil
}

func names(changes []config.Change) []string {
	all := make([]string, len(changes))
	for i, c := range changes {
		all[i] = c.Setting
	}
	return all
}

// warnExposed warns about world-readable files with keys.
func warnExposed(log *slog.Logger, found []config.Setting) {
	for _, file := range config.ExposedFiles(found) {
		log.Warn("a key file is world-readable; run chmod o-r", "file", file)
	}
}
