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
	"chatme/internal/network"
	"chatme/internal/server"
	"chatme/internal/store"
	"chatme/internal/tail"
	"chatme/internal/ws"
)

// silentShare is the share of the shutdown time to wait for the request of a connection that has sent nothing yet: a second
// by default, enough for a few round trips and a TLS handshake.
const silentShare = 4

// Serve runs the server described by c until ctx ends. ready, if not nil, is called once with the first TCP address that the
// server listens on, nil if it listens only on Unix sockets.
func Serve(ctx context.Context, c *configuration, ready func(net.Addr), stderr io.Writer) error {
	began := time.Now()
	log, flushLog := newLogger(c, stderr)
	defer flushLog()
	warnExposed(log, c.found)
	hangups := make(chan os.Signal, 1) // one waits during startup or during another reload
	if c.hangupReloads {
		signal.Notify(hangups, syscall.SIGHUP)
		defer signal.Stop(hangups)
	}
	tuneMemory(ctx, int64(c.LetterMax))
	s, doors, err := start(ctx, c, log)
	if err != nil && ctx.Err() != nil && !refused(err) {
		log.Info("stopped while starting", "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	s.hangups, s.flushLog = hangups, flushLog
	log.Info("listening", "addr", doors.String(), "boot", s.started.Boot, "restored", s.restored,
		"ready_ms", time.Since(began).Milliseconds())
	doors.warnOpen(log)
	if ready != nil {
		ready(doors.port())
	}
	s.super.ready()
	watched, unwatch := context.WithCancel(context.Background()) // not ctx: the shutdown makes commits too
	defer unwatch()
	go s.super.watch(watched, s.hub.CommittingFor, s.statusLine)
	go s.place.watch(watched, s.db, log)
	return s.run(ctx, doors)
}

// refused reports whether err means that the database must not be opened. A shutdown requested meanwhile does not change
// that.
func refused(err error) bool {
	e, ok := errors.AsType[interface {
		error
		Refused() bool
	}](err)
	return ok && e.Refused()
}

// start takes the one-server lock, then the ports, then reads the rows. So a second server on the database reports the
// lock, and clients that dial while the rows are read wait in a listener's queue and are not refused.
func start(ctx context.Context, c *configuration, log *slog.Logger) (*instance, listeners, error) {
	cert, err := certificate.Open(c.TLSCert, c.TLSKey, log)
	if err != nil {
		return nil, listeners{}, exit.WithCode(exit.Config, err)
	}
	doors, err := inheritListeners()
	if err != nil {
		return nil, listeners{}, err
	}
	db, err := store.Open(ctx, store.Config{Path: c.DB, Log: log})
	if err != nil {
		return nil, listeners{}, err
	}
	if !doors.inherited {
		doors, err = listenAt(c.Addresses())
	}
	if err != nil {
		return nil, listeners{}, errors.Join(err, db.Close())
	}
	s, err := assemble(ctx, c, db, log)
	if err == nil {
		s.read, s.level, s.cert, s.super = c.read, c.level, cert, newSupervisor(log)
		s.listening = doors.about(cert != nil)
		err = s.openAdmin(ctx)
	}
	if err != nil {
		s.recordFailedStart(ctx, err)
		return nil, listeners{}, errors.Join(err, doors.close(), db.Close())
	}
	if cert != nil {
		go cert.Watch(ctx)
	}
	return s, doors.behind(s.arrivals.Listen, cert), nil
}

// instance is an assembled server.
type instance struct {
	cfg       *config.Config // at startup; inForce has what a reload changes
	log       *slog.Logger
	flushLog  func()         // reports the lines that log dropped
	level     *slog.LevelVar // of log
	clock     *hub.Clock
	db        *store.Store
	hub       *hub.Hub
	endpoint  *ws.Endpoint
	public    *server.Server
	arrivals  *server.Arrivals // of the public listeners
	admin     *admin.Server
	metrics   *metrics.Metrics
	history   *metrics.History
	tail      *tail.Feed // events, for listeners on the admin socket
	tags      *network.Tags
	inside    []inside   // the operator's listeners: the admin socket, and the one for a scraper
	fatal     chan error // buffer 1; the outcome of a commit is unknown; never closed
	stopping  atomic.Bool
	place     databasePlace
	cert      *certificate.Certificate // nil: no TLS
	listening []admin.Listener         // where clients reach the server
	super     supervisor
	started   store.Started
	restored  int // sessions that were waiting or paired

	hangups   <-chan os.Signal              // each requests a reload
	read      readConfig                    // reads the configuration again
	inForce   atomic.Pointer[config.Config] // replaced by reload, never changed
	reloading sync.Mutex                    // one reload at a time
}

// run serves until ctx ends or the server cannot continue.
func (s *instance) run(ctx context.Context, doors listeners) error {
	web := s.arrivals.Serving(s.public, s.errorLog())
	served := make(chan error, len(doors.all)) // one for each listener
	for _, each := range doors.all {
		go func() { served <- web.Serve(each) }()
	}
	ended := func(some int) {
		doors.close()
		for range len(doors.all) - some {
			<-served
		}
	}
	for {
		select {
		case err := <-s.fatal:
			return err // nothing may be sent any more: not even the sockets are closed in order
		case err := <-served:
			ended(1)
			return errors.Join(err, s.stop(web, "listener failed"))
		case <-ctx.Done():
			ended(0)
			return s.stop(web, "signal")
		case <-s.hangups:
			go s.reloadAndLog() // a file that is slow to read must not block a shutdown
		}
	}
}

// statusLine returns one line for systemctl status.
func (s *instance) statusLine() string {
	line := fmt.Sprintf("%d sockets, %d sessions connected.", s.endpoint.Conns(), s.hub.Attached())
	if err := s.hub.Failure(); err != nil {
		line += " Commits fail and are retried."
	}
	if err := s.place.lost(); err != nil {
		line += " The database files vanished: " + err.Error() + "."
	}
	return line
}

// stop shuts the server down in order, after its listeners are closed: it answers every request, commits every change,
// closes every socket and then the store. Correctness does not need it: kill -9 at any moment is a legal shutdown. So
// whatever the disk or another program's write lock delays beyond ShutdownTimeout is abandoned.
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
		s.log.Warn("stopped before the last changes were committed; none had been acknowledged")
		return nil
	}
	s.clock.Stop()
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(s.db.End(reason, s.clock.Moment(0).Wall), s.db.Close()) }()
	select {
	case err := <-ended:
		if err != nil {
			s.log.Warn("shutdown not recorded", "error", err)
		}
	case <-ctx.Done():
		s.log.Warn("shutdown not recorded in time; is a sqlite3 shell holding the write lock?")
	}
	s.flushLog()
	s.log.Info("stopped")
	return nil
}

// PageURL returns the URL of the page for a browser or a client on this machine.
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
