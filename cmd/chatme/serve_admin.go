package main

import (
	"log/slog"
	"net/http"
	"path/filepath"

	"golang.org/x/sys/unix"

	"chatme/internal/admin"
)

// newAdmin is what s answers on its admin socket.
func newAdmin(s *instance) (*admin.Server, error) {
	return admin.New(admin.Config{
		Health: admin.Health{
			Stopping:      s.stopping.Load,
			CommittingFor: s.hub.CommittingFor,
			Failure:       s.hub.Failure,
			FreeSpace:     func() (int64, error) { return freeSpace(s.cfg.DB) },
		},
	})
}

// openAdmin makes the admin socket and serves it. The lock of the database is held, so nobody else has that socket.
func (s *instance) openAdmin() error {
	path := s.cfg.AdminSocket()
	if path == "" {
		return nil
	}
	listener, err := admin.Listen(path)
	if err != nil {
		return withCode(exitConfig, err)
	}
	s.operator = &http.Server{
		Handler:           s.admin,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(quietHandler{s.log.Handler()}, slog.LevelDebug),
	}
	go s.operator.Serve(listener)
	return nil
}

// closeAdmin ends what is being answered and removes the socket.
func (s *instance) closeAdmin() {
	if s.operator != nil {
		s.operator.Close()
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
