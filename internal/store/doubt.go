package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"chatme/internal/dbfile"
)

const (
	sqlLastBoot = `
		SELECT boot, epoch, counter, stopped_at IS NOT NULL FROM boots
		ORDER BY boot DESC LIMIT 1`

	// sqlLastBootBefore is sqlLastBoot on a schema before schemaCounter.
	sqlLastBootBefore = `
		SELECT boot, epoch, 0, stopped_at IS NOT NULL FROM boots
		ORDER BY boot DESC LIMIT 1`
)

// schemaCounter is the migration that adds boots.counter.
const schemaCounter = 3

// querier is a database, or a transaction in it.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// doubt returns the last start of the database in the file now, whose schema version is schema, and why it is not the
// database that the witness in the file name last saw: "" if it is, or was never started.
func doubt(ctx context.Context, db querier, schema int64, now witness, name string) (last witness, why string, err error) {
	// The witness first: a running server raises the counter in the database before it does so in the witness.
	seen, why, unread := missing(name)
	query := sqlLastBoot
	if schema < schemaCounter {
		query = sqlLastBootBefore
	}
	last = now
	last.marked = true
	err = db.QueryRowContext(ctx, query).Scan(&last.boot, &last.epoch, &last.counter, &last.stopped)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return last, "", nil
	case err != nil:
		return last, "", err
	case unread != nil:
		return last, "", unread
	case why != "":
		return last, why, nil
	}
	var epoch string
	err = db.QueryRowContext(ctx, sqlEpoch, int64(seen.boot)).Scan(&epoch)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return last, "", err
	}
	return last, last.against(seen, epoch), nil
}

// missing returns the witness in the file name, and why there is none: "" if there is one. A witness that cannot be read
// at the moment proves nothing, so that is an error: doubting the database would end every chat.
func missing(name string) (seen witness, why string, err error) {
	seen, err = readWitness(name)
	switch {
	case errors.Is(err, errNoWitness), errors.Is(err, fs.ErrNotExist):
		return seen, "no witness: " + dbfile.Cause(err).Error(), nil
	case err != nil:
		return seen, "", dbfile.ExplainFile("read", name, filepath.Dir(name), err)
	}
	return seen, "", nil
}

// against returns why the database, in the state now, is not what seen last saw: "" if it is. epoch is that of the seen
// start, as recorded in the database. A database that is ahead is not doubted: a commit succeeded, and the server was
// killed before it could write the witness.
func (now witness) against(seen witness, epoch string) string {
	switch {
	case seen.device != now.device || seen.inode != now.inode:
		return "it is another file"
	case seen.boot > now.boot:
		return fmt.Sprintf("it had %d starts and has %d", seen.boot, now.boot)
	case !seen.marked:
		return ""
	case seen.epoch != epoch:
		return fmt.Sprintf("its start %d was another one", seen.boot)
	case seen.boot < now.boot:
		return ""
	case seen.counter > now.counter:
		return fmt.Sprintf("its last start had counted to %d and has counted to %d", seen.counter, now.counter)
	case seen.stopped && !now.stopped:
		return "its last start had stopped and has not"
	}
	return ""
}
