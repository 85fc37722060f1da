package store

import (
	"context"
	"encoding/hex"
	"strings"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// The rows of the views; the view columns define the meaning. Times are ISO 8601 in UTC, to the second; nil: not
// applicable.

// SessionRow is one row of v_sessions.
type SessionRow struct {
	Session    string  `db:"session" json:"session"`
	State      string  `db:"state" json:"state"`
	Kind       string  `db:"kind" json:"kind"`
	Created    string  `db:"created" json:"created"`
	Here       string  `db:"here" json:"here"`
	AwaySince  *string `db:"away_since" json:"away_since"`
	StateSince *string `db:"state_since" json:"state_since"`
}

// QueueRow is one row of v_queue.
type QueueRow struct {
	Position int64  `db:"position" json:"position"`
	Session  string `db:"session" json:"session"`
	Kind     string `db:"kind" json:"kind"`
	Since    string `db:"since" json:"since"`
	WaitingS int64  `db:"waiting_s" json:"waiting_s"` // seconds
	Here     string `db:"here" json:"here"`
}

// PairRow is one row of v_pairs.
type PairRow struct {
	Pair   string `db:"pair" json:"pair"`
	First  string `db:"first" json:"first"`
	Second string `db:"second" json:"second"`
	Since  string `db:"since" json:"since"`
	Away   string `db:"away" json:"away"`
}

const (
	sqlSessionRows = `
		SELECT session, state, kind, created, here, away_since, state_since FROM v_sessions
		WHERE CASE ?1 WHEN '' THEN state <> 'ended' ELSE state = ?1 END
		LIMIT ?2`
	sqlSessionCount = `
		SELECT count(*) FROM v_sessions
		WHERE CASE ?1 WHEN '' THEN state <> 'ended' ELSE state = ?1 END`

	// sqlConnected counts the rows of sessions that have a socket, or had one when the last server ended.
	sqlConnected = `SELECT count(*) FROM sessions WHERE away_since IS NULL AND boot >= (SELECT max(boot) FROM boots)`

	sqlQueueRows  = `SELECT position, session, kind, since, waiting_s, here FROM v_queue LIMIT ?1`
	sqlQueueCount = `SELECT count(*) FROM sessions WHERE place > 0`

	sqlPairRows  = `SELECT pair, first, second, since, away FROM v_pairs LIMIT ?1`
	sqlPairCount = `SELECT count(*) FROM sessions WHERE pair > 0 AND side = 0`

	sqlNamed = `SELECT hash FROM sessions WHERE hash BETWEEN ?1 AND ?2 AND ended_at IS NULL LIMIT ?3`
)

// Sessions returns at most limit of the newest sessions in state (idle, waiting, paired or ended; "" is all but the
// ended ones), and their total number.
func (s *Store) Sessions(ctx context.Context, state string, limit int) (rows []SessionRow, total int64, err error) {
	if err = s.reader.SelectContext(ctx, &rows, sqlSessionRows, state, limit); err == nil {
		err = s.reader.GetContext(ctx, &total, sqlSessionCount, state)
	}
	return rows, total, dbfile.Explain("list the sessions in", s.path, err)
}

// Connected counts the sessions that have a socket and a row: no session has a row before its first search.
func (s *Store) Connected(ctx context.Context) (n int64, err error) {
	err = s.reader.GetContext(ctx, &n, sqlConnected)
	return n, dbfile.Explain("count the sessions in", s.path, err)
}

// Queue returns at most limit sessions from the head of the queue, and the length of the queue.
func (s *Store) Queue(ctx context.Context, limit int) (rows []QueueRow, total int64, err error) {
	if err = s.reader.SelectContext(ctx, &rows, sqlQueueRows, limit); err == nil {
		err = s.reader.GetContext(ctx, &total, sqlQueueCount)
	}
	return rows, total, dbfile.Explain("list the queue in", s.path, err)
}

// Pairs returns at most limit of the oldest chats, and their total number.
func (s *Store) Pairs(ctx context.Context, limit int) (rows []PairRow, total int64, err error) {
	if err = s.reader.SelectContext(ctx, &rows, sqlPairRows, limit); err == nil {
		err = s.reader.GetContext(ctx, &total, sqlPairCount)
	}
	return rows, total, dbfile.Explain("list the chats in", s.path, err)
}

// Named returns at most limit sessions that have not ended and whose name, as chat.Hash.String formats it, begins with
// prefix.
func (s *Store) Named(ctx context.Context, prefix string, limit int) (found []chat.Hash, err error) {
	const digits = 8
	given := strings.TrimPrefix(prefix, "s_")
	from, err := hex.DecodeString(given + strings.Repeat("0", max(digits-len(given), 0)))
	if err != nil {
		return nil, &dbfile.Error{What: "invalid session name " + prefix, Todo: "use s_ and hexadecimal digits", Code: exit.Config}
	}
	to, _ := hex.DecodeString(given + strings.Repeat("f", 2*len(chat.Hash{})-len(given)))
	var rows []hash
	err = s.reader.SelectContext(ctx, &rows, sqlNamed, from, to, limit)
	for _, h := range rows {
		found = append(found, chat.Hash(h))
	}
	return found, dbfile.Explain("look up a session in", s.path, err)
}
