package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"time"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// refuseLeftover refuses a copy that was put over the database while the -wal of the previous file was left beside it:
// SQLite would write the pages of one into the other. A database that was ever served is in WAL mode from its first page
// on, even after a killed start; a copy made by VACUUM INTO is not until it is served. A copy made by other means is not
// detected.
func refuseLeftover(ctx context.Context, path string, busy time.Duration) error {
	info, err := os.Stat(path + "-wal")
	if err != nil || info.Size() == 0 {
		return nil
	}
	var mode string
	err = withFile(path, dbfile.CheckDSN(path, "ro", true, busy), func(db *sql.DB) error {
		return db.QueryRowContext(ctx, sqlFormatVersion).Scan(&mode)
	})
	if err != nil || mode == "wal" {
		return nil // an unreadable file is refused elsewhere
	}
	return &dbfile.Error{
		What:    fmt.Sprintf("open %s: a copy was put over the database, and %s-wal belongs to the previous file", path, path),
		Todo:    fmt.Sprintf("move %s-wal and %s-shm away, or restore the copy with chatme restore --replace", path, path),
		Code:    exit.BadDatabase,
		Foreign: true,
	}
}
