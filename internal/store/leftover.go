package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"time"
)

// refuseLeftover refuses a copy that was put over the database while the -wal of the former one was left beside it: SQLite
// would write the one's pages into the other. A database that was ever served is in WAL mode from its first page on, also
// when a start is killed; a copy, as VACUUM INTO makes it, is not until then. A copy by other means is not told apart.
func refuseLeftover(ctx context.Context, path string, busy time.Duration) error {
	info, err := os.Stat(path + "-wal")
	if err != nil || info.Size() == 0 {
		return nil
	}
	var mode string
	err = withFile(path, checkDSN(path, "ro", true, busy), func(db *sql.DB) error {
		return db.QueryRowContext(ctx, sqlFormatVersion).Scan(&mode)
	})
	if err != nil || mode == "wal" {
		return nil // what cannot be read is refused for that
	}
	return &Error{
		what:       fmt.Sprintf("open %s: a copy was put over the database, and %s-wal is of the former one", path, path),
		todo:       fmt.Sprintf("move %s-wal and %s-shm away, or put the copy back with chatme restore --replace", path, path),
		code:       exitData,
		identified: true,
	}
}
