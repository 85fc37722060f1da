package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"chatme/internal/dbfile"
	"chatme/internal/exit"

	"github.com/pressly/goose/v3"
)

// beforeInfix separates the name of the database from the number of the first migration that the copy does not have.
const beforeInfix = ".before-"

// plan holds the migrations this program knows, in order.
type plan struct {
	steps    fs.FS
	versions []int64
}

// newPlan reads the numbers of the migrations in steps.
func newPlan(steps fs.FS) (*plan, error) {
	names, err := fs.Glob(steps, "*.sql")
	if err != nil {
		return nil, &dbfile.Error{What: "read migrations", Code: exit.Failure, Err: err}
	}
	p := &plan{steps: steps}
	for _, name := range names { // sorted
		v, err := goose.NumericComponent(name)
		if err != nil {
			return nil, &dbfile.Error{What: "read migrations", Code: exit.Failure, Err: err}
		}
		p.versions = append(p.versions, v)
	}
	if len(p.versions) == 0 {
		return nil, &dbfile.Error{What: "read migrations: none", Code: exit.Failure}
	}
	return p, nil
}

// latest returns the number of the last migration.
func (p *plan) latest() int64 { return p.versions[len(p.versions)-1] }

// next returns the number of the first migration after version, 0 if there is none.
func (p *plan) next(version int64) int64 {
	for _, v := range p.versions {
		if v > version {
			return v
		}
	}
	return 0
}

// migrate brings a database at version to the latest, one transaction per migration, and does nothing if it is already
// there. Before the first migration it copies a database that is not new to <path>.before-NNNN; it deletes older copies
// once all migrations have succeeded. It must run under the one-server lock: goose takes no lock on SQLite.
func (s *Store) migrate(ctx context.Context, p *plan, version int64) error {
	first := p.next(version)
	if first == 0 {
		return nil
	}
	var kept string
	if version > 0 {
		kept = fmt.Sprintf("%s%s%04d", s.path, beforeInfix, first)
		if err := replaceCopy(ctx, s.writer, kept); err != nil {
			return dbfile.ExplainRead("copy before migrating", s.path, err)
		}
	}
	if err := up(s.writer, p.steps); err != nil {
		return s.explainMigration(err, kept)
	}
	s.log.Info("database migrated", slog.Int64("from", version), slog.Int64("to", p.latest()))
	if kept != "" {
		s.dropCopies(kept)
	}
	return nil
}

// up runs the pending migrations. It does not take a context: an interrupted COMMIT has an unknown outcome.
func up(db *sql.DB, steps fs.FS) error {
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.Up(context.Background())
	return err
}

func (s *Store) explainMigration(err error, kept string) error {
	err = dbfile.ExplainRead("migrate", s.path, err)
	e, ok := err.(*dbfile.Error)
	if !ok || e.Retry || e.Code == exit.IO || e.Code == exit.NotWritable {
		return err
	}
	e.Todo = "the migration was rolled back: run the previous version, and report a bug"
	if kept != "" {
		e.Todo += "; a copy from before the migration is in " + kept
	}
	return e
}

// replaceCopy writes a copy of db to target, replacing one that a failed attempt has left.
func replaceCopy(ctx context.Context, db *sql.DB, target string) error {
	part := target + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return dbfile.ExplainFile("replace", part, filepath.Dir(part), err)
	}
	if err := vacuumInto(ctx, db, part); err != nil {
		return err
	}
	if err := os.Rename(part, target); err != nil {
		return dbfile.ExplainFile("replace", target, filepath.Dir(target), err)
	}
	return syncDir(filepath.Dir(target))
}

// dropCopies removes the copies made before earlier migrations. A copy that remains only costs space.
func (s *Store) dropCopies(kept string) {
	dir, prefix := filepath.Dir(s.path), filepath.Base(s.path)+beforeInfix
	entries, err := os.ReadDir(dir)
	if err != nil {
		s.log.Warn("removing old copies failed", slog.Any("error", err))
		return
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if !strings.HasPrefix(e.Name(), prefix) || name == kept {
			continue
		}
		if err := os.Remove(name); err != nil {
			s.log.Warn("removing an old copy failed", slog.Any("error", err))
		}
	}
}
