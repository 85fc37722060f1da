package app

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"

	"golang.org/x/sys/unix"

	"chatme/internal/admin"
	"chatme/internal/descriptors"
	"chatme/internal/exit"
	"chatme/internal/server"
)

// mostScrapers is how many connections the listener for a scraper has at once.
const mostScrapers = 8

// newAdmin is what s answers on its admin socket.
func newAdmin(s *instance) (*admin.Server, error) {
	return admin.New(admin.Config{
		Figures: admin.Figures{Metrics: s.metrics, History: s.history},
		Health: admin.Health{
			Stopping:      s.stopping.Load,
			CommittingFor: s.hub.CommittingFor,
			Failure:       s.hub.Failure,
			FreeSpace:     func() (int64, error) { return freeSpace(s.cfg.DB) },
			Database:      s.place.lost,
		},
	})
}

// openAdmin makes the admin socket, and the listener for a scraper, and serves them until closeAdmin. The lock of the
// database is held, so nobody else has that socket. History is taken until ctx ends.
func (s *instance) openAdmin(ctx context.Context) error {
	if path := s.cfg.AdminSocket(); path != "" {
		listener, err := admin.Listen(path)
		if err != nil {
			return exit.WithCode(exit.Config, err)
		}
		s.serveInside(listener, &http.Server{
			Handler:           s.admin,
			ReadHeaderTimeout: admin.HeaderTimeout, // and no others: a tail or a profile takes as long as it was asked for
			IdleTimeout:       admin.IdleTimeout,
			MaxHeaderBytes:    admin.MaxHeader,
			ErrorLog:          s.errorLog(),
		})
		go s.history.Run(ctx)
	}
	if addr := s.cfg.MetricsAddr; addr != "" {
		listener, err := net.Listen("tcp", addr)
		if err != nil {
			s.closeAdmin(ctx)
			return fmt.Errorf("listen for a scraper (CHATME_METRICS_ADDR): %w", err)
		}
		s.log.Info("listening for a scraper", "addr", listener.Addr().String())
		bounded := server.NewArrivals(mostScrapers, server.DefaultTimes, s.log) // every process of the machine may dial it
		s.serveInside(bounded.Listen(listener), bounded.Serving(s.admin.Scraper(), s.errorLog()))
	}
	return nil
}

// errorLog is where net/http says what it meets.
func (s *instance) errorLog() *log.Logger {
	return slog.NewLogLogger(quietHandler{s.log.Handler()}, slog.LevelDebug)
}

// openArrivals makes what bounds the public listener.
func (s *instance) openArrivals() error {
	files, err := descriptors.Own(int(s.cfg.MaxConns))
	if err == nil {
		s.arrivals = server.NewArrivals(files.Arrivals, server.DefaultTimes, s.log)
	}
	return err
}

// inside is a listener for the operator, and what serves it.
type inside struct {
	listener net.Listener
	web      *http.Server
}

func (s *instance) serveInside(listener net.Listener, web *http.Server) {
	s.inside = append(s.inside, inside{listener, web})
	go web.Serve(listener)
}

// closeAdmin removes the socket, and ends what is being answered: what has no more to say is written to its end, until ctx ends.
func (s *instance) closeAdmin(ctx context.Context) {
	for _, each := range s.inside {
		each.listener.Close() // its server may not know of it yet
		if each.web.Shutdown(ctx) != nil {
			each.web.Close()
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
