package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// checkpointOld checkpoints the WAL of the old database into it, so that the file alone is complete. A database that cannot be
// read is not changed. It refuses a database of another program, and one that another program has open: that program
// would continue with the old file and the new one's WAL.
func checkpointOld(ctx context.Context, path string) error {
	var mode string
	err := withFile(path, dbfile.CheckDSN(path, "rw", false, DefaultBusyTimeout), func(db *sql.DB) error {
		if _, err := identify(ctx, db, path, math.MaxInt64); err != nil { // a newer one may be replaced
			return err
		}
		return db.QueryRowContext(ctx, sqlJournalMode).Scan(&mode)
	})
	refused, _ := errors.AsType[*dbfile.Error](err)
	switch {
	case ctx.Err() != nil:
		return dbfile.Explain("close", path, ctx.Err())
	case refused != nil && refused.Foreign:
		return err
	case err == nil && mode == "wal" && dbfile.Exists(path+"-shm"): // the last connection to close a database removes it
		return &dbfile.Error{
			What: fmt.Sprintf("another program has %s open", path),
			Todo: "stop it (Litestream, a sqlite3 shell) and try again", Code: exit.AlreadyRunning,
		}
	}
	return nil
}

// apart reports whether the database and the -wal beside it do not belong together, so that SQLite must not see both.
func apart(ctx context.Context, path string) bool {
	return sizeOf(path) == 0 || vanished(path) != nil || refuseLeftover(ctx, path, DefaultBusyTimeout) != nil
}

// recognize is checkpointOld for such a database, which is not changed.
func recognize(ctx context.Context, path string) error {
	err := withFile(path, dbfile.CheckDSN(path, "ro", true, DefaultBusyTimeout), func(db *sql.DB) error {
		_, err := identify(ctx, db, path, math.MaxInt64)
		return err
	})
	if refused, ok := errors.AsType[*dbfile.Error](err); ok && refused.Foreign {
		return err
	}
	return nil
}

// isFile reports whether path is a regular file.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// sqlJournalMode makes SQLite read the WAL; the last connection to close checkpoints it.
const sqlJournalMode = `PRAGMA journal_mode`
