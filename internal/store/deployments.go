package store

import (
	"context"
	"database/sql"

	"chatme/internal/chat"
)

// Deployment is one start of a server on the database.
type Deployment struct {
	Boot    int64
	Started chat.Time
	Stopped chat.Time // 0: it has not stopped in order
	Reason  string    // why it stopped; "" with Stopped
	Last    bool      // no start came after it, so that without a stop it may still run
	Version string
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

// Deployments returns the latest starts of a server on the database at path, limit at most, and how many there were. A
// server may have it open. Errors are those of Look.
func Deployments(ctx context.Context, path string, limit int) (all []Deployment, total int64, err error) {
	if path, err = resolve(path); err != nil {
		return nil, 0, err
	}
	err = withReader(ctx, path, func(db *sql.DB, _ int64) error {
		if err := db.QueryRowContext(ctx, sqlDeploymentCount).Scan(&total); err != nil {
			return explainRead("look into", path, err)
		}
		rows, err := db.QueryContext(ctx, sqlDeployments, limit)
		if err != nil {
			return explainRead("look into", path, err)
		}
		defer rows.Close()
		for rows.Next() {
			var d Deployment
			if err := rows.Scan(&d.Boot, &d.Started, &d.Stopped, &d.Reason, &d.Last, &d.Version, &d.Commit, &d.Schema, &d.Epoch); err != nil {
				return explainRead("look into", path, err)
			}
			all = append(all, d)
		}
		return explainRead("look into", path, rows.Err())
	})
	return all, total, err
}
