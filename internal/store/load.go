package store

import (
	"cmp"
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
	MailKey   mailKey     `db:"mail_key"`
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
		ID: r.ID, Hash: chat.Hash(r.Hash), MailKey: chat.MailKey(r.MailKey), Resumable: r.Resumable, CreatedAt: r.CreatedAt,
		AwaySince: r.AwaySince, EndedAt: r.EndedAt,
		Place: r.Place, QueuedAt: r.QueuedAt,
		Pair: r.Pair, Side: r.Side, Alias: r.Alias, MatchedAt: r.MatchedAt,
	}
}

// hash scans a blob of 32 bytes.
type hash chat.Hash

// Scan implements sql.Scanner.
func (h *hash) Scan(v any) error { return scan32(h[:], v, "hash") }

// mailKey scans a blob of 32 bytes, or NULL, which becomes zeros.
type mailKey chat.MailKey

// Scan implements sql.Scanner.
func (k *mailKey) Scan(v any) error {
	if v == nil {
		*k = mailKey{}
		return nil
	}
	return scan32(k[:], v, "mail_key")
}

func scan32(into []byte, v any, column string) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(into) {
		return fmt.Errorf("%s is not a blob of %d bytes", column, len(into))
	}
	copy(into, b)
	return nil
}

// heldRow is what is known of one row of mailbox without its body; N is 0 where a session has no mail.
type heldRow struct {
	To   chat.ID     `db:"recipient"`
	Pair chat.PairID `db:"mail_pair"`
	From chat.Alias  `db:"sender"`
	N    uint64      `db:"n"`
	Size int         `db:"size"`
}

// foundRow is one row of sqlFind.
type foundRow struct {
	row
	heldRow
}

const (
	// sqlAway is since when a session is away, 0 if it is connected. The row of one that was connected when its server
	// ended still says so: it is away since the next start began, and no start rewrites it. The law "no start is missing"
	// holds that the next one is numbered one higher.
	sqlAway = `coalesce(away_since, (SELECT started_at FROM boots WHERE boots.boot = sessions.boot + 1), 0)`

	sqlColumns = `
		id, hash, mail_key, resumable, created_at,
		` + sqlAway + ` AS away_since, coalesce(ended_at, 0) AS ended_at,
		coalesce(place, 0) AS place, coalesce(queued_at, 0) AS queued_at,
		coalesce(pair, 0) AS pair, coalesce(side, 0) AS side,
		coalesce(alias, '') AS alias, coalesce(matched_at, 0) AS matched_at`

	// sqlLoad is in no order, so that the two indexes are used and hibernated rows are never read.
	sqlLoad = `
		SELECT` + sqlColumns + ` FROM sessions WHERE place > 0
		UNION ALL
		SELECT` + sqlColumns + ` FROM sessions WHERE pair > 0`

	sqlHalfPair = `SELECT pair FROM sessions WHERE pair > 0 GROUP BY pair HAVING count(*) <> 2 LIMIT 1`

	// sqlSize is what a row of mailbox counts, in bytes: 256 for an empty place. Of a blob only the header is read
	// for its length.
	sqlSize = `coalesce(length(m.body), 256)`

	sqlHeld = `m.recipient, m.pair AS mail_pair, m.sender, m.n, ` + sqlSize + ` AS size`

	// sqlLoadMail takes the way of sqlLoad. CROSS JOIN keeps SQLite to it.
	// https://sqlite.org/optoverview.html#crossjoin
	sqlLoadMail = `
		SELECT ` + sqlHeld + ` FROM sessions AS s CROSS JOIN mailbox AS m ON m.recipient = s.id WHERE s.place > 0
		UNION ALL
		SELECT ` + sqlHeld + ` FROM sessions AS s CROSS JOIN mailbox AS m ON m.recipient = s.id WHERE s.pair > 0`

	// sqlMailBytes reads all of mailbox but for what spills from its pages, less than the check at the start reads.
	sqlMailBytes = `SELECT coalesce(sum(` + sqlSize + `), 0) FROM mailbox AS m`

	// sqlFind is one statement, so that the session and its mail are of one moment.
	sqlFind = `
		SELECT s.*, coalesce(m.recipient, 0) AS recipient, coalesce(m.pair, 0) AS mail_pair,
			coalesce(m.sender, '') AS sender, coalesce(m.n, 0) AS n, ` + sqlSize + ` AS size
		FROM (SELECT` + sqlColumns + ` FROM sessions WHERE hash = ?1) AS s
		LEFT JOIN mailbox AS m ON m.recipient = s.id
		ORDER BY m.pair, m.n`
)

// Load returns the records that are waiting or paired, by rising ID, what is held for them, by rising To, Pair and
// N, and how much is held for all; idle ones stay on disk, where Find finds them. It is for a start: nothing may be
// committed meanwhile. A pair without two members is an error with exit code 65.
func (s *Store) Load(ctx context.Context) (chat.Saved, error) {
	var half chat.PairID
	switch err := s.reader.GetContext(ctx, &half, sqlHalfPair); {
	case err == nil:
		return chat.Saved{}, &Error{
			what: fmt.Sprintf("load %s: damaged, pair %d has one member", s.path, half),
			todo: restore,
			code: exitData,
		}
	case !errors.Is(err, sql.ErrNoRows):
		return chat.Saved{}, explainRead("load", s.path, err)
	}
	var rows []row
	if err := s.reader.SelectContext(ctx, &rows, sqlLoad); err != nil {
		return chat.Saved{}, explainRead("load", s.path, err)
	}
	saved := chat.Saved{Records: make([]chat.Record, len(rows))}
	for i := range rows {
		saved.Records[i] = rows[i].record()
	}
	slices.SortFunc(saved.Records, func(a, b chat.Record) int { return cmp.Compare(a.ID, b.ID) })
	if err := s.loadMail(ctx, &saved); err != nil {
		return chat.Saved{}, explainRead("load the mail in", s.path, err)
	}
	return saved, nil
}

func (s *Store) loadMail(ctx context.Context, saved *chat.Saved) error {
	err := s.reader.GetContext(ctx, &saved.MailBytes, sqlMailBytes)
	if err != nil || saved.MailBytes == 0 {
		return err
	}
	var rows []heldRow
	if err := s.reader.SelectContext(ctx, &rows, sqlLoadMail); err != nil {
		return err
	}
	saved.Mail = make([]chat.Held, len(rows))
	for i := range rows {
		saved.Mail[i] = chat.Held(rows[i])
	}
	slices.SortFunc(saved.Mail, func(a, b chat.Held) int {
		return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(a.Pair, b.Pair), cmp.Compare(a.N, b.N))
	})
	return nil
}

// Find returns the record of the session with this hash, in whatever state it is, and what its mailbox holds, as of
// the last commit; ok is false when there is none.
func (s *Store) Find(ctx context.Context, h chat.Hash) (found chat.Found, ok bool, err error) {
	var rows []foundRow
	if err := s.find.SelectContext(ctx, &rows, h[:]); err != nil {
		return chat.Found{}, false, explain("look up a session in", s.path, err)
	}
	if len(rows) == 0 {
		return chat.Found{}, false, nil
	}
	found.Record = rows[0].record()
	for i := range rows {
		if rows[i].N != 0 {
			found.Mail = append(found.Mail, chat.Held(rows[i].heldRow))
		}
	}
	return found, true, nil
}
