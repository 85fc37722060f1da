package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"chatme/internal/dbfile"
	"chatme/internal/exit"

	"golang.org/x/sys/unix"

	"chatme/internal/chat"
	"chatme/migrations"
)

// Contents summarizes the contents of a database.
type Contents struct {
	Schema    int64     // number of the last migration
	Epoch     string    // of the last start; "" before the first
	Boots     int64     // starts of a server on it
	Sessions  int64     // all sessions, whatever their state
	Resumable int64     // … of these: can resume
	Waiting   int64     // … of all: in the queue
	Chats     int64     // pairs
	Entries   int64     // mailbox entries
	Bytes     int64     // size of the database, in whole pages, without the WAL
	Newest    chat.Time // the latest change that left a time in it; a stored message leaves none. 0: none
}

const (
	sqlContents = `
		SELECT
			coalesce((SELECT epoch FROM boots ORDER BY boot DESC LIMIT 1), ''),
			(SELECT count(*) FROM boots),
			(SELECT count(*) FROM sessions),
			(SELECT count(*) FROM sessions WHERE resumable = 1 AND ended_at IS NULL),
			(SELECT count(*) FROM sessions WHERE place > 0),
			(SELECT count(DISTINCT pair) FROM sessions WHERE pair > 0),
			(SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size())`

	// sqlNewest reads all of sessions; the times have no index, except for the idle sessions.
	sqlNewest = `
		SELECT max(
			(SELECT coalesce(max(max(started_at, coalesce(stopped_at, 0))), 0) FROM boots),
			(SELECT coalesce(max(max(created_at, coalesce(away_since, 0), coalesce(ended_at, 0), coalesce(queued_at, 0),
				coalesce(matched_at, 0))), 0) FROM sessions))`

	sqlEntries = `SELECT count(*) FROM mailbox`

	// schemaMailbox is the migration that adds the table mailbox.
	schemaMailbox = 2
)

// Look returns the contents of the database at path, which a server may have open. It changes nothing in it, but SQLite
// may create the files -wal and -shm beside it. The error is an *Error with exit code 65 (corrupt, foreign, newer), 73
// (cannot be read) or 78 (no such file).
func Look(ctx context.Context, path string) (Contents, error) {
	var found Contents
	path, err := dbfile.Resolve(path)
	if err != nil {
		return found, err
	}
	err = withReader(ctx, path, func(db *sql.DB, version int64) (err error) {
		found, err = contentsOf(ctx, db, version)
		return dbfile.ExplainRead("look into", path, err)
	})
	return found, err
}

// withReader opens the database at path read-only, on one connection, and calls use once it has checked that the
// database is chatme's and not newer.
func withReader(ctx context.Context, path string, use func(db *sql.DB, version int64) error) (err error) {
	if err := sound(ctx, path, DefaultBusyTimeout); err != nil {
		return err
	}
	if err := present(path); err != nil {
		return err
	}
	plan, err := newPlan(migrations.FS)
	if err != nil {
		return err
	}
	dsn, _ := dbfile.ReaderDSN(path, DefaultBusyTimeout)
	return withFile(path, dsn, func(db *sql.DB) error {
		version, err := identify(ctx, db, path, plan.latest())
		switch {
		case err != nil:
			return err
		case version == 0:
			return &dbfile.Error{What: path + ": an empty database", Todo: "start a server on it first", Code: exit.BadDatabase}
		}
		return use(db, version)
	})
}

// withFile opens dsn, the database at path, on one connection for use.
func withFile(path, dsn string, use func(db *sql.DB) error) (err error) {
	defer dbfile.Handles.Enter(path)()
	db, err := sql.Open(dbfile.DriverName, dsn)
	if err != nil {
		return dbfile.ExplainRead("open", path, err)
	}
	defer func() {
		if e := db.Close(); err == nil {
			err = dbfile.ExplainRead("close", path, e)
		}
	}()
	db.SetMaxOpenConns(1)
	return use(db)
}

// present returns why no database file at path can be read; nil if there may be one.
func present(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &dbfile.Error{What: "there is no database " + path, Todo: "check the path", Code: exit.Config}
	case err != nil:
		return dbfile.ExplainFile("open", path, filepath.Dir(path), err)
	case info.IsDir():
		return dbfile.ExplainFile("open", path, filepath.Dir(path), unix.EISDIR)
	case !info.Mode().IsRegular():
		return &dbfile.Error{What: "open " + path + ": not a regular file", Todo: "name another file", Code: exit.NotWritable}
	case info.Size() < minPage:
		return &dbfile.Error{What: "open " + path + ": not a database", Todo: "name another file", Code: exit.BadDatabase}
	}
	if err := unix.Access(path, unix.R_OK); err != nil {
		return dbfile.ExplainFile("read", path, filepath.Dir(path), err)
	}
	return nil
}

func contentsOf(ctx context.Context, db *sql.DB, version int64) (Contents, error) {
	c := Contents{Schema: version}
	err := db.QueryRowContext(ctx, sqlContents).Scan(&c.Epoch, &c.Boots, &c.Sessions, &c.Resumable, &c.Waiting, &c.Chats, &c.Bytes)
	if err == nil {
		err = db.QueryRowContext(ctx, sqlNewest).Scan(&c.Newest)
	}
	if err == nil && version >= schemaMailbox {
		err = db.QueryRowContext(ctx, sqlEntries).Scan(&c.Entries)
	}
	return c, err
}

// stamp formats a moment for a file name, in UTC and to the millisecond.
func stamp(t time.Time) string { return t.UTC().Format("20060102T150405.000Z") }
