package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"

	"golang.org/x/sys/unix"

	"chatme/internal/admin"
)

// newAdmin is what s answers on its admin socket.
func newAdmin(s *instance) (*admin.Server, error) {
	return admin.New(admin.Config{
		Figures: admin.Figures{Metrics: s.metrics, History: s.history},
		Health: admin.Health{
			Stopping:      s.stopping.Load,
			CommittingFor: s.hub.CommittingFor,
			Failure:       s.hub.Failure,
			FreeSpace:     func() (int64, error) { return freeSpace(s.cfg.DB) },
		},
	})
}

// openAdmin makes the admin socket, and the listener for a scraper, and serves them until closeAdmin. The lock of the
// database is held, so nobody else has that socket. History is taken until ctx ends.
func (s *instance) openAdmin(ctx context.Context) error {
	if path := s.cfg.AdminSocket(); path != "" {
		listener, err := admin.Listen(path)
		if err != nil {
			return withCode(exitConfig, err)
		}
		s.serveInside(listener, s.admin)
		go s.history.Run(ctx)
	}
	if addr := s.cfg.MetricsAddr; addr != "" {
		listener, err := net.Listen("tcp", addr)
		if err != nil {
			s.closeAdmin(ctx)
			return fmt.Errorf("listen for a scraper (CHATME_METRICS_ADDR): %w", err)
		}
		s.log.Info("listening for a scraper", "addr", listener.Addr().String())
		s.serveInside(listener, s.admin.Scraper())
	}
	return nil
}

func (s *instance) serveInside(listener net.Listener, handler http.Handler) {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(quietHandler{s.log.Handler()}, slog.LevelDebug),
	}
	s.inside = append(s.inside, server)
	go server.Serve(listener)
}

// closeAdmin removes the socket, and ends what is being answered: what has no more to say is written to its end, until ctx ends.
func (s *instance) closeAdmin(ctx context.Context) {
	for _, server := range s.inside {
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	}
}

// freeSpace is how many bytes the file system of path has for a process that is not root.
func freeSpace(path string) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &fs); err != nil {
		return 0, err
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil
}
