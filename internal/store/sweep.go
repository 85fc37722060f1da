package store

import (
	"context"
	"database/sql"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
)

const (
	// sqlExpired repeats the condition of its index word for word, so that SQLite can use it; the planner, which has no
	// statistics, would otherwise use the one on pair and read every idle row.
	sqlExpired = `
		SELECT id FROM sessions INDEXED BY sessions_idle
		WHERE away_since <= ?1 AND away_since IS NOT NULL AND place IS NULL AND pair IS NULL
		ORDER BY away_since LIMIT ?2`

	// sqlExpiredLeft finds the sessions that were connected when their server ended, which sqlExpired cannot find: by the
	// starts after theirs, of which there are few.
	sqlExpiredLeft = `
		SELECT s.id FROM boots AS b
		CROSS JOIN sessions AS s INDEXED BY sessions_left ON s.boot = b.boot - 1
		WHERE b.boot > (
				SELECT min(boot) FROM sessions INDEXED BY sessions_left
				WHERE away_since IS NULL AND place IS NULL AND pair IS NULL)
			AND b.started_at <= ?1
			AND s.away_since IS NULL AND s.place IS NULL AND s.pair IS NULL
		LIMIT ?2`

	sqlSweep = `DELETE FROM sessions WHERE id = ?1 AND ` + sqlAway + ` BETWEEN 1 AND ?2 AND place IS NULL AND pair IS NULL`

	// sqlWeigh returns how much mail is deleted with a session.
	sqlWeigh = `SELECT coalesce(sum(` + sqlSize + `), 0) FROM mailbox AS m WHERE m.recipient = ?1`
)

// sweepBytes is how much mail is deleted in one transaction: the session that exceeds it is the last. Deleting a byte
// writes it once, because secure_delete overwrites it with a zero.
const sweepBytes = 1 << 20

// Sweep deletes at most limit records that are idle and have been away since before or longer, oldest first. It returns
// how many it deleted and how many bytes of mail went with them, as Load counts them. It deletes fewer than exist, and
// fewer than limit, only if mail went with them. Sessions that were connected when their server ended come after the
// others. With nothing to delete it commits nothing. Its errors are those of Commit.
func (s *Store) Sweep(before chat.Time, limit int) (deleted int, mailBytes int64, err error) {
	if limit <= 0 {
		return 0, 0, nil
	}
	var ids, left []int64
	err = s.expired.SelectContext(context.Background(), &ids, int64(before), limit)
	if err == nil && len(ids) < limit {
		err = s.left.SelectContext(context.Background(), &left, int64(before), limit-len(ids))
	}
	if err != nil {
		return 0, 0, dbfile.Explain("look for expired sessions in", s.path, err)
	}
	if ids = append(ids, left...); len(ids) == 0 {
		return 0, 0, nil
	}
	err = s.inTx(func(tx *sql.Tx) error {
		deleted, mailBytes, err = s.deleteExpired(tx, ids, before)
		return err
	})
	if err != nil {
		return 0, 0, dbfile.ExplainCommit("sweep", s.path, err)
	}
	return deleted, mailBytes, nil
}

// deleteExpired checks each row again: a session that was expired when it was found may have resumed since.
func (s *Store) deleteExpired(tx *sql.Tx, ids []int64, before chat.Time) (deleted int, mailBytes int64, err error) {
	ctx := context.Background()
	sweep, weigh := tx.StmtContext(ctx, s.sweep), tx.StmtContext(ctx, s.weigh)
	for _, id := range ids {
		if mailBytes > sweepBytes {
			break
		}
		var weight int64
		if err := weigh.QueryRowContext(ctx, id).Scan(&weight); err != nil {
			return 0, 0, err
		}
		result, err := sweep.ExecContext(ctx, id, int64(before))
		if err != nil {
			return 0, 0, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return 0, 0, err
		}
		if n != 0 {
			deleted++
			mailBytes += weight
		}
	}
	return deleted, mailBytes, nil
}
