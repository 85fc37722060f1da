package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"time"

	"chatme/internal/dbfile"
	"chatme/internal/exit"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"

	"chatme/migrations"
)

// DefaultBusyTimeout is how long a statement waits for another program's lock.
const DefaultBusyTimeout = 5 * time.Second

// Config configures a Store.
type Config struct {
	Path        string        // the database file; its directory must exist
	Log         *slog.Logger  // nil: nothing is logged
	BusyTimeout time.Duration // 0: DefaultBusyTimeout

	driver string // "": driverName; a test observes through its own
}

// Store is an open database. All its methods are safe for concurrent use.
type Store struct {
	// Static after Open.
	path    string // absolute, links resolved
	schema  int64  // number of the last migration
	log     *slog.Logger
	lock    *dbfile.LockFile
	leave   func()   // of handles, called once SQLite has closed the file
	writer  *sql.DB  // exactly one connection
	reader  *sqlx.DB // read-only
	upsert  *sql.Stmt
	remove  *sql.Stmt
	hold    *sql.Stmt
	confirm *sql.Stmt
	sweep   *sql.Stmt
	weigh   *sql.Stmt
	find    *sqlx.Stmt
	expired *sqlx.Stmt
	left    *sqlx.Stmt
	next    *sqlx.Stmt
	longest *sqlx.Stmt
	epoch   *sqlx.Stmt

	sealing sealing    // state kept between batches
	large   sync.Mutex // held while a large message is sealed and written, or read and opened
	wal     walWatch
	counter counter
	files   openFiles

	mu     sync.Mutex
	boot   int64 // guarded by mu; 0 before Begin
	closed bool  // guarded by mu
}

// Open takes the one-server lock, refuses a file that is not a whole chatme database that this program understands,
// creates or migrates the database, and prepares the statements. The error is an *Error with exit code 65 (corrupt,
// foreign, newer), 73 (not writable), 74 (I/O error), 75 (another server, or a write lock held too long) or 78 (bad
// Config). A refused file has not been changed.
func Open(ctx context.Context, cfg Config) (*Store, error) { return open(ctx, cfg, migrations.FS) }

// open is Open with the migrations as an argument, for tests.
func open(ctx context.Context, cfg Config, steps fs.FS) (_ *Store, err error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	path, err := dbfile.Resolve(cfg.Path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, log: cfg.Log, counter: newCounter()}
	s.wal = walWatch{path: path + "-wal", limit: walLarge}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.lock, err = dbfile.Lock(path); err != nil {
		return nil, err
	}
	if err := ensure(path); err != nil {
		return nil, err
	}
	if err := s.lock.Take(); err != nil {
		return nil, err
	}
	s.leave = dbfile.Handles.Enter(path)
	// fdatasync syncs all that is needed to read the data back. Where it is unavailable, SQLite uses fsync.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return nil, dbfile.Explain("open", path, err)
	}
	plan, err := newPlan(steps)
	if err != nil {
		return nil, err
	}
	version, err := inspect(ctx, path, plan.latest(), cfg.BusyTimeout)
	if err != nil {
		return nil, err
	}
	if err := s.connectWriter(ctx, cfg); err != nil {
		return nil, err
	}
	if err := s.migrate(ctx, plan, version); err != nil {
		return nil, err
	}
	s.schema = plan.latest()
	if err := s.connectReader(ctx, cfg); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, dbfile.ExplainRead("prepare statements for", path, err)
	}
	s.files.note(path)
	return s, nil
}

func (cfg *Config) validate() error {
	switch {
	case cfg.Path == "":
		return &dbfile.Error{What: "no database file", Todo: "name one", Code: exit.Config}
	case strings.ContainsRune(cfg.Path, 0):
		return &dbfile.Error{What: "the name of the database file contains a NUL byte", Todo: "name another file", Code: exit.Config}
	case cfg.BusyTimeout < 0:
		return &dbfile.Error{What: "the busy timeout is negative", Todo: "set a positive one", Code: exit.Config}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.BusyTimeout == 0 {
		cfg.BusyTimeout = DefaultBusyTimeout
	}
	if cfg.driver == "" {
		cfg.driver = dbfile.DriverName
	}
	return nil
}

func (s *Store) prepare(ctx context.Context) (err error) {
	for _, p := range []struct {
		stmt **sql.Stmt
		sql  string
	}{
		{&s.upsert, sqlUpsert},
		{&s.remove, sqlRemove},
		{&s.hold, sqlHold},
		{&s.confirm, sqlConfirm},
		{&s.sweep, sqlSweep},
		{&s.weigh, sqlWeigh},
	} {
		if *p.stmt, err = s.writer.PrepareContext(ctx, p.sql); err != nil {
			return err
		}
	}
	for _, p := range []struct {
		stmt **sqlx.Stmt
		sql  string
	}{
		{&s.find, sqlFind},
		{&s.expired, sqlExpired},
		{&s.left, sqlExpiredLeft},
		{&s.next, sqlNext},
		{&s.longest, sqlLongest},
		{&s.epoch, sqlEpoch},
	} {
		if *p.stmt, err = s.reader.PreparexContext(ctx, p.sql); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the database and releases the lock; calling it again does nothing. The writer is closed last, so that
// SQLite can checkpoint the WAL into the database file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.files.close()
	var errs []error
	if s.reader != nil {
		errs = append(errs, s.reader.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	if s.leave != nil && !s.connected() {
		s.leave()
	} // otherwise the descriptor of the lock stays open, and the lock is released all the same
	if s.lock != nil {
		errs = append(errs, s.lock.Release())
	}
	return dbfile.Explain("close", s.path, errors.Join(errs...))
}

// connected reports whether a connection is still in use. The driver closes the connection after that.
func (s *Store) connected() bool {
	return s.reader != nil && s.reader.Stats().OpenConnections > 0 || s.writer != nil && s.writer.Stats().OpenConnections > 0
}
