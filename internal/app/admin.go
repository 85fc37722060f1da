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

// mostScrapers bounds the connections of the listener for a scraper.
const mostScrapers = 8

// newAdmin returns the handler of s's admin socket.
func newAdmin(s *instance) (*admin.Server, error) {
	return admin.New(admin.Config{
		Metrics: admin.Metrics{Metrics: s.metrics, History: s.history},
		Health: admin.Health{
			Stopping:      s.stopping.Load,
			CommittingFor: s.hub.CommittingFor,
			Failure:       s.hub.Failure,
			FreeSpace:     func() (int64, error) { return freeSpace(s.cfg.DB) },
			Database:      s.place.lost,
		},
	})
}

// openAdmin makes the admin socket and the listener for a scraper, and serves them until closeAdmin. The database's lock is
// held, so no other server has that socket. History is recorded until ctx ends.
func (s *instance) openAdmin(ctx context.Context) error {
	if path := s.cfg.AdminSocket(); path != "" {
		listener, err := admin.Listen(path)
		if err != nil {
			return exit.WithCode(exit.Config, err)
		}
		s.serveInside(listener, &http.Server{
			Handler:           s.admin,
			ReadHeaderTimeout: admin.HeaderTimeout, // no other timeouts: a tail or a profile takes as long as requested
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
		bounded := server.NewArrivals(server.ArrivalLimits{Plain: mostScrapers, Unauthenticated: mostScrapers}, server.DefaultTimes, s.log) // any process on the machine may dial it
		s.serveInside(bounded.Listen(listener), bounded.Serving(s.admin.Scraper(), s.errorLog()))
	}
	return nil
}

// errorLog returns the logger for net/http's errors.
func (s *instance) errorLog() *log.Logger {
	return slog.NewLogLogger(quietHandler{s.log.Handler()}, slog.LevelDebug)
}

// openArrivals makes the limiter of the public listeners.
func (s *instance) openArrivals() error {
	files, err := descriptors.Own(int(s.cfg.MaxConns))
	if err == nil {
		s.arrivals = server.NewArrivals(arrivalLimits(files), server.DefaultTimes, s.log)
	}
	return err
}

func arrivalLimits(files descriptors.Shares) server.ArrivalLimits {
	return server.ArrivalLimits{Plain: files.Arrivals, Unauthenticated: files.Unauthenticated()}
}

// inside is a listener for the operator and its server.
type inside struct {
	listener net.Listener
	web      *http.Server
}

func (s *instance) serveInside(listener net.Listener, web *http.Server) {
	s.inside = append(s.inside, inside{listener, web})
	go web.Serve(listener)
}

// closeAdmin removes the socket and ends the running answers: an answer that is complete is written to its end, until ctx
// ends.
func (s *instance) closeAdmin(ctx context.Context) {
	for _, each := range s.inside {
		each.listener.Close() // the server may not know it yet
		if each.web.Shutdown(ctx) != nil {
			each.web.Close()
		}
	}
}

// freeSpace returns how many bytes the file system of path has free for a process that is not root.
func freeSpace(path string) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &fs); err != nil {
		return 0, err
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil
}
