package app

import (
	"log/slog"
	"strings"

	"chatme/internal/admin"
	"chatme/internal/config"
	"chatme/internal/descriptors"
	"chatme/internal/tail"
)

// reload reads the configuration again, looks at the certificate's files, and puts in force what can change while the
// server runs: all of it or, with an error that lists every problem, nothing. Sockets that have authenticated stay,
// whatever becomes of their key.
func (s *instance) reload() (*admin.Reloaded, error) {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	s.super.reloading()
	defer s.super.ready() // in any case: a bad configuration leaves the one of before in force
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
	// The endpoint first: a page never carries a key that is not accepted yet.
	if err := s.endpoint.SetLimits(sockets); err != nil {
		return nil, err
	}
	if err := s.public.Reload(surface); err != nil {
		return nil, err
	}
	s.arrivals.Resize(files.Arrivals)
	s.hub.SetLimits(lobbyLimits(next))
	s.level.Set(logLevel(next))
	s.inForce.Store(next)
	return &admin.Reloaded{Changed: changed, Left: left}, nil
}

// reloadAndLog is reload with its outcome in the log.
func (s *instance) reloadAndLog() (*admin.Reloaded, error) {
	done, err := s.reload()
	if err != nil {
		s.log.Error("not reloaded: the configuration is bad, and the one before stays in force", "problems", strings.Split(err.Error(), "\n"))
		s.tail.Publish(tail.Event{Type: tail.Reload, Failed: true, Reason: "the configuration is bad"})
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

// warnExposed warns of files with keys that everybody on the machine may read.
func warnExposed(log *slog.Logger, found []config.Setting) {
	for _, file := range config.ExposedFiles(found) {
		log.Warn("everybody on this machine can read a file with keys; take that right away: chmod o-r", "file", file)
	}
}
