package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"chatme/internal/dbfile"
	"chatme/internal/exit"

	"golang.org/x/sys/unix"
)

// applicationID marks chatme's databases: "CHME". The first migration sets it.
const applicationID = 0x43484d45

// minPage is the size of the smallest page, in bytes. SQLite treats a shorter file as an empty database and would
// overwrite it.
const minPage = 512

// ensure refuses a file that cannot be a database that this process may write, judging by its status only. It creates a
// missing file, empty, unless there was a database.
func ensure(path string) error {
	if err := dbfile.RefuseLinks(path); err != nil {
		return err
	}
	if err := vanished(path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(path)
	}
	if err != nil {
		return dbfile.ExplainFile("open", path, filepath.Dir(path), err)
	}
	if info.IsDir() {
		return dbfile.ExplainFile("open", path, filepath.Dir(path), unix.EISDIR)
	}
	if !info.Mode().IsRegular() {
		return &dbfile.Error{What: "open " + path + ": not a regular file", Todo: "name another file", Code: exit.NotWritable}
	}
	if err := unix.Access(path, unix.R_OK|unix.W_OK); err != nil {
		return dbfile.ExplainFile("open", path, filepath.Dir(path), err)
	}
	return nil
}

// inspect decides whether the existing file at path may be opened, without changing it, and returns the number of its
// last migration: 0 when it is new. latest is the last migration this program knows.
func inspect(ctx context.Context, path string, latest int64, busy time.Duration) (version int64, err error) {
	switch size := sizeOf(path); {
	case size == 0:
		return 0, nil
	case size < minPage:
		return 0, &dbfile.Error{What: "open " + path + ": not a database", Todo: dbfile.NotOurs, Code: exit.BadDatabase, Damaged: true}
	}
	wal, journal := dbfile.Exists(path+"-wal"), dbfile.Exists(path+"-journal")
	if !wal && !journal {
		// All data is in the file, and no process has it open: reading it leaves no trace.
		return examine(ctx, path, dbfile.CheckDSN(path, "ro", true, busy), latest, true)
	}
	// The last commits are in the -wal, or the -journal has to roll the file back. A first look at the file alone
	// identifies its owner, if it can be read at all; only then may a real open create a -shm or roll back.
	_, err = examine(ctx, path, dbfile.CheckDSN(path, "ro", true, busy), latest, false)
	if e, ok := errors.AsType[*dbfile.Error](err); ok && e.Foreign {
		return 0, e
	}
	if err := refuseLeftover(ctx, path, busy); err != nil {
		return 0, err
	}
	mode := "ro"
	if journal {
		mode = "rw"
	}
	return examine(ctx, path, dbfile.CheckDSN(path, mode, false, busy), latest, true)
}

// examine opens the database at dsn on one connection, and returns the number of its last migration or why the database
// is refused. deep also checks the whole file.
func examine(ctx context.Context, path, dsn string, latest int64, deep bool) (version int64, err error) {
	err = withFile(path, dsn, func(db *sql.DB) (err error) {
		if version, err = identify(ctx, db, path, latest); err != nil || !deep {
			return err
		}
		return quickCheck(ctx, db, path)
	})
	if err != nil {
		return 0, err
	}
	return version, nil
}

const (
	sqlApplicationID = `PRAGMA application_id`

	// sqlForeign finds a table or view that a database without chatme's application ID must not have. goose's tables
	// exist when the very first migration failed; SQLite's and Litestream's may be in any database.
	sqlForeign = `
		SELECT name FROM sqlite_schema
		WHERE type IN ('table', 'view') AND name <> 'goose_db_version'
		  AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE '\_litestream\_%' ESCAPE '\'
		LIMIT 1`

	sqlSchema = `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied = 1`
)

// identify returns the number of the last migration of a chatme database, 0 if it is empty.
func identify(ctx context.Context, db *sql.DB, path string, latest int64) (version int64, err error) {
	var id int64
	if err := db.QueryRowContext(ctx, sqlApplicationID).Scan(&id); err != nil {
		return 0, dbfile.ExplainRead("open", path, err)
	}
	if id == 0 {
		var name string
		switch err := db.QueryRowContext(ctx, sqlForeign).Scan(&name); {
		case errors.Is(err, sql.ErrNoRows):
			return 0, nil
		case err != nil:
			return 0, dbfile.ExplainRead("open", path, err)
		}
		return 0, foreign(path, fmt.Sprintf("it has %q", name))
	}
	if id != applicationID {
		return 0, foreign(path, fmt.Sprintf("application_id 0x%08x", uint32(id)))
	}
	if err := db.QueryRowContext(ctx, sqlSchema).Scan(&version); err != nil {
		return 0, dbfile.ExplainRead("open", path, err)
	}
	switch {
	case version > latest:
		return 0, &dbfile.Error{
			What:    fmt.Sprintf("open %s: made by a newer chatme (schema %d; this version knows %d)", path, version, latest),
			Todo:    "reinstall that version, or restore a copy from before the upgrade (" + path + beforeInfix + "*)",
			Code:    exit.BadDatabase,
			Foreign: true,
		}
	case version < 1:
		return 0, &dbfile.Error{What: "open " + path + ": damaged, no migration is recorded", Todo: dbfile.RestoreBackup, Code: exit.BadDatabase, Damaged: true}
	}
	return version, nil
}

func foreign(path, why string) error {
	return &dbfile.Error{
		What:    fmt.Sprintf("open %s: an SQLite database, but not chatme's (%s)", path, why),
		Todo:    "name another file",
		Code:    exit.BadDatabase,
		Foreign: true,
	}
}

// create creates the empty file at path with mode 0640 instead of SQLite's 0644.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return dbfile.ExplainFile("create", path, filepath.Dir(path), err)
	}
	if err := f.Close(); err != nil {
		return dbfile.ExplainFile("create", path, filepath.Dir(path), err)
	}
	return nil
}
