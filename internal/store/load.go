package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"chatme/internal/chat"
)

// row is one row of sessions as sqlx scans it: NULL has become 0 or "".
type row struct {
	ID        chat.ID     `db:"id"`
	Hash      hash        `db:"hash"`
	Resumable bool        `db:"resumable"`
	CreatedAt chat.Time   `db:"created_at"`
	AwaySince chat.Time   `db:"away_since"`
	EndedAt   chat.Time   `db:"ended_at"`
	Place     uint64      `db:"place"`
	QueuedAt  chat.Time   `db:"queued_at"`
	Pair      chat.PairID `db:"pair"`
	Side      uint8       `db:"side"`
	Alias     chat.Alias  `db:"alias"`
	MatchedAt chat.Time   `db:"matched_at"`
}

func (r *row) record() chat.Record {
	return chat.Record{
		ID: r.ID, Hash: chat.Hash(r.Hash), Resumable: r.Resumable, CreatedAt: r.CreatedAt,
		AwaySince: r.AwaySince, EndedAt: r.EndedAt,
		Place: r.Place, QueuedAt: r.QueuedAt,
		Pair: r.Pair, Side: r.Side, Alias: r.Alias, MatchedAt: r.MatchedAt,
	}
}

// hash scans a blob of 32 bytes.
type hash chat.Hash

// Scan implements sql.Scanner.
func (h *hash) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(h) {
		return fmt.Errorf("hash is not a blob of %d bytes", len(h))
	}
	copy(h[:], b)
	return nil
}

const (
	sqlColumns = `
		id, hash, resumable, created_at,
		coalesce(away_since, 0) AS away_since, coalesce(ended_at, 0) AS ended_at,
		coalesce(place, 0) AS place, coalesce(queued_at, 0) AS queued_at,
		coalesce(pair, 0) AS pair, coalesce(side, 0) AS side,
		coalesce(alias, '') AS alias, coalesce(matched_at, 0) AS matched_at`

	// sqlLoad is in no order, so that the two indexes are used and hibernated rows are never read.
	sqlLoad = `
		SELECT` + sqlColumns + ` FROM sessions WHERE place > 0
		UNION ALL
		SELECT` + sqlColumns + ` FROM sessions WHERE pair > 0`

	sqlHalfPair = `SELECT pair FROM sessions WHERE pair > 0 GROUP BY pair HAVING count(*) <> 2 LIMIT 1`

	sqlFind = `SELECT` + sqlColumns + ` FROM sessions WHERE hash = ?1`
)

// Load returns the records that are waiting or paired, by rising ID; idle ones stay on disk, where Find finds them.
// A pair without two members is an error with exit code 65.
func (s *Store) Load(ctx context.Context) ([]chat.Record, error) {
	var half chat.PairID
	switch err := s.reader.GetContext(ctx, &half, sqlHalfPair); {
	case err == nil:
		return nil, &Error{
			what: fmt.Sprintf("load %s: damaged, pair %d has one member", s.path, half),
			todo: restore,
			code: exitData,
		}
	case !errors.Is(err, sql.ErrNoRows):
		return nil, explainRead("load", s.path, err)
	}
	var rows []row
	if err := s.reader.SelectContext(ctx, &rows, sqlLoad); err != nil {
		return nil, explainRead("load", s.path, err)
	}
	records := make([]chat.Record, len(rows))
	for i := range rows {
		records[i] = rows[i].record()
	}
	slices.SortFunc(records, func(a, b chat.Record) int { return int(int64(a.ID) - int64(b.ID)) })
	return records, nil
}

// Find returns the record of the session with this hash, in whatever state it is, as of the last commit; ok is
// false when there is none.
func (s *Store) Find(ctx context.Context, h chat.Hash) (rec chat.Record, ok bool, err error) {
	var r row
	switch err := s.find.GetContext(ctx, &r, h[:]); {
	case errors.Is(err, sql.ErrNoRows):
		return chat.Record{}, false, nil
	case err != nil:
		return chat.Record{}, false, explain("look up a session in", s.path, err)
	}
	return r.record(), true, nil
}
