package store

import (
	"context"
	"database/sql"

	"chatme/internal/dbfile"
)

// Run is one start of a server on the database.
type Run struct {
	BootRow
	Last    bool   // no start came after it, so that if it has no stop it may still be running
	Version string // of the program
	Commit  string
	Schema  int64
	Epoch   string // 32 hexadecimal digits
}

const (
	sqlDeployments = `
		SELECT boot, started_at, coalesce(stopped_at, 0), coalesce(reason, ''), boot = (SELECT max(boot) FROM boots),
			version, commit_hash, schema, epoch
		FROM boots ORDER BY boot DESC LIMIT ?1`

	sqlDeploymentCount = `SELECT count(*) FROM boots`
)

// Runs returns at most limit of the latest starts of a server on the database at path (-1: all), and their total number.
// A server may have it open; nothing is changed. Errors are those of Examine.
func Runs(ctx context.Context, path string, limit int) (all []Run, total int64, err error) {
	err = examining(ctx, path, func(db *sql.DB, _ []dbfile.Pragma, version, _ int64) error {
		if version == 0 {
			return nil // no server has run on it
		}
		if err := db.QueryRowContext(ctx, sqlDeploymentCount).Scan(&total); err != nil {
			return err
		}
		rows, err := db.QueryContext(ctx, sqlDeployments, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var d Run
			if err := rows.Scan(&d.Boot, &d.Started, &d.Stopped, &d.Reason, &d.Last, &d.Version, &d.Commit, &d.Schema, &d.Epoch); err != nil {
				return err
			}
			all = append(all, d)
		}
		return rows.Err()
	})
	return all, total, err
}
