package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"chatme/internal/admin"
	"chatme/internal/certificate"
	"chatme/internal/config"
	"chatme/internal/exit"
	"chatme/internal/hub"
	"chatme/internal/metrics"
	"chatme/internal/server"
	"chatme/internal/store"
	"chatme/internal/tail"
	"chatme/internal/ws"
)

// silentShare is the share of the time for a stop that it waits for the request of a connection that has said nothing yet: a
// second by default, a few round trips and a handshake of TLS.
const silentShare = 4

// Serve runs the server described by c until ctx ends. ready, unless it is nil, is called once with the address that
// it listens on.
func Serve(ctx context.Context, c *configuration, ready func(net.Addr), stderr io.Writer) error {
	began := time.Now()
	log, flushLog := newLogger(c, stderr)
	defer flushLog()
	warnExposed(log, c.found)
	hangups := make(chan os.Signal, 1) // one waits while the server starts, or while another is served
	if c.hangupReloads {
		signal.Notify(hangups, syscall.SIGHUP)
		defer signal.Stop(hangups)
	}
	tuneMemory(ctx, int64(c.LetterMax))
	s, listener, err := start(ctx, c, log)
	if err != nil && ctx.Err() != nil && !refused(err) {
		log.Info("stopped while starting", "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	s.hangups, s.flushLog = hangups, flushLog
	log.Info("listening", "addr", listener.Addr().String(), "boot", s.started.Boot, "restored", s.restored,
		"ready_ms", time.Since(began).Milliseconds())
	if ready != nil {
		ready(listener.Addr())
	}
	s.super.ready()
	watched, unwatch := context.WithCancel(context.Background()) // and not ctx: the stop has commits of its own
	defer unwatch()
	go s.super.watch(watched, s.hub.CommittingFor, s.figures)
	go s.place.watch(watched, s.db, log)
	return s.run(ctx, listener)
}

// refused reports whether err says that the database must not be opened, which a stop that was asked for meanwhile does not
// change.
func refused(err error) bool {
	e, ok := errors.AsType[interface {
		error
		Refused() bool
	}](err)
	return ok && e.Refused()
}

// start takes the one-server lock, then the port, then reads the rows: so a second server on the database says so,
// and whoever dials while the rows are read waits in the listener's queue and is not refused.
func start(ctx context.Context, c *configuration, log *slog.Logger) (*instance, net.Listener, error) {
	cert, err := certificate.Open(c.TLSCert, c.TLSKey, log)
	if err != nil {
		return nil, nil, exit.WithCode(exit.Config, err)
	}
	listener, err := inheritListener()
	if err != nil {
		return nil, nil, err
	}
	db, err := store.Open(ctx, store.Config{Path: c.DB, Log: log})
	if err != nil {
		return nil, nil, err
	}
	inherited := listener != nil
	if !inherited {
		listener, err = net.Listen("tcp", c.Addr)
	}
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	s, err := assemble(ctx, c, db, log)
	if err == nil {
		s.read, s.level, s.cert, s.super = c.read, c.level, cert, newSupervisor(log)
		s.listening = []admin.Listener{{Addr: listener.Addr().String(), TLS: cert != nil, Inherited: inherited}}
		err = s.openAdmin(ctx)
	}
	if err != nil {
		s.recordFailedStart(ctx, err)
		return nil, nil, errors.Join(err, listener.Close(), db.Close())
	}
	listener = s.arrivals.Listen(listener)
	if cert != nil {
		go cert.Watch(ctx)
		listener = cert.Listener(listener)
	}
	return s, listener, nil
}

// instance is a server that is put together.
type instance struct {
	cfg       *config.Config // of the start; what a reload changes is in inForce
	log       *slog.Logger
	flushLog  func()         // reports what log has left out
	level     *slog.LevelVar // of log
	clock     *hub.Clock
	db        *store.Store
	hub       *hub.Hub
	endpoint  *ws.Endpoint
	public    *server.Server
	arrivals  *server.Arrivals // of the public listener
	admin     *admin.Server
	metrics   *metrics.Metrics
	history   *metrics.History
	tail      *tail.Feed // what happens, for who listens on the admin socket
	inside    []inside   // those that serve the operator: on the admin socket, and for a scraper
	fatal     chan error // buffer 1; the outcome of a commit is unknown; never closed
	stopping  atomic.Bool
	place     databasePlace
	cert      *certificate.Certificate // nil: it does not speak TLS itself
	listening []admin.Listener         // where it is found
	super     supervisor
	started   store.Started
	restored  int // sessions that were waiting or paired

	hangups   <-chan os.Signal              // each asks for a reload
	read      readConfig                    // the configuration again
	inForce   atomic.Pointer[config.Config] // replaced by reload, never changed
	reloading sync.Mutex                    // one reload at a time
}

// run serves until ctx ends or the server cannot go on.
func (s *instance) run(ctx context.Context, listener net.Listener) error {
	web := s.arrivals.Serving(s.public, s.errorLog())
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	for {
		select {
		case err := <-s.fatal:
			return err // nothing may be told any more: not even the sockets are closed in order
		case err := <-served:
			return errors.Join(err, s.stop(web, "listener failed"))
		case <-ctx.Done():
			listener.Close()
			<-served
			return s.stop(web, "signal")
		case <-s.hangups:
			go s.reloadAndLog() // a file that cannot be read in time does not hold up a stop
		}
	}
}

// figures is one line for who looks at the service.
func (s *instance) figures() string {
	line := fmt.Sprintf("%d sockets, %d sessions connected.", s.endpoint.Conns(), s.hub.Attached())
	if err := s.hub.Failure(); err != nil {
		line += " Commits fail and are tried again."
	}
	if err := s.place.lost(); err != nil {
		line += " The database is not where it was: " + err.Error() + "."
	}
	return line
}

// stop ends the server, whose listener is closed, in order: every request answered, every change on disk, every socket
// told, the store closed. Correctness never needs it, kill -9 at any instant is a legal end; so what the disk or
// somebody's write lock holds up is left behind after ShutdownTimeout.
func (s *instance) stop(web *http.Server, reason string) error {
	limit := s.inForce.Load().ShutdownTimeout.Duration
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	s.super.stopping()
	s.published("stopping")
	s.log.Info("stopping", "reason", reason, "sockets", s.endpoint.Conns())
	s.public.Stopping()
	s.stopping.Store(true)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		s.arrivals.Drain(ctx, web, limit/silentShare)
	}()
	committing, cancelCommitting := context.WithTimeout(ctx, limit/2)
	defer cancelCommitting()
	stuck := s.hub.Stop(committing)
	s.endpoint.Shutdown(ctx, answered)
	<-answered
	s.closeInside(ctx)
	select {
	case err := <-s.fatal:
		return err
	default:
	}
	if stuck != nil {
		s.log.Warn("stopped before the last changes could be committed; nobody was told of them")
		return nil
	}
	s.clock.Stop()
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(s.db.End(reason, s.clock.Moment(0).Wall), s.db.Close()) }()
	select {
	case err := <-ended:
		if err != nil {
			s.log.Warn("the stop could not be recorded", "error", err)
		}
	case <-ctx.Done():
		s.log.Warn("the stop could not be recorded in time; is a sqlite3 shell holding the write lock?")
	}
	s.flushLog()
	s.log.Info("stopped")
	return nil
}

// PageURL is where a person, or a client, on this machine finds the page.
func PageURL(cfg *config.Config, addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() || ip.IsLoopback() {
		host = "localhost"
	}
	scheme := "http"
	if cfg.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}
