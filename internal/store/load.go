package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// heldRow is one row of mailbox without its body; N is 0 for a session without mail.
type heldRow struct {
	To   chat.ID     `db:"recipient"`
	Pair chat.PairID `db:"mail_pair"`
	From chat.Alias  `db:"sender"`
	N    uint64      `db:"n"`
	Size int         `db:"size"`
}

const (
	sqlHalfPair = `SELECT pair FROM sessions WHERE pair > 0 GROUP BY pair HAVING count(*) <> 2 LIMIT 1`

	// sqlSize is the size that a row of mailbox counts for, in bytes: 256 for an empty place. SQLite reads only the
	// header of a blob for its length.
	sqlSize = `coalesce(length(m.body), 256)`

	sqlHeld = `m.recipient, m.pair AS mail_pair, m.sender, m.n, ` + sqlSize + ` AS size`

	// sqlLoadMail uses the query plan of sqlLoad, which CROSS JOIN forces.
	// https://sqlite.org/optoverview.html#crossjoin
	sqlLoadMail = `
		SELECT ` + sqlHeld + ` FROM sessions AS s CROSS JOIN mailbox AS m ON m.recipient = s.id WHERE s.place > 0
		UNION ALL
		SELECT ` + sqlHeld + ` FROM sessions AS s CROSS JOIN mailbox AS m ON m.recipient = s.id WHERE s.pair > 0`

	sqlRows = `SELECT count(*) FROM sessions`

	// sqlMailBytes reads all of mailbox except overflow pages, which is less than the check at the start reads.
	sqlMailBytes = `SELECT coalesce(sum(` + sqlSize + `), 0) FROM mailbox AS m`
)

var (
	// sqlLoad is unordered, so that SQLite uses the two indexes and never reads hibernated rows.
	sqlLoad = `
		SELECT` + sqlColumns + ` FROM sessions WHERE place > 0
		UNION ALL
		SELECT` + sqlColumns + ` FROM sessions WHERE pair > 0`

	// sqlFind is one statement, so that the session and its mail are from the same moment.
	sqlFind = `
		SELECT s.*, coalesce(m.recipient, 0) AS recipient, coalesce(m.pair, 0) AS mail_pair,
			coalesce(m.sender, '') AS sender, coalesce(m.n, 0) AS n, ` + sqlSize + ` AS size
		FROM (SELECT` + sqlColumns + ` FROM sessions WHERE hash = ?1) AS s
		LEFT JOIN mailbox AS m ON m.recipient = s.id
		ORDER BY m.pair, m.n`
)

// Load returns the records that are waiting or paired, by rising ID; the mail stored for them, by rising To, Pair and N;
// the total size of all mail; and the number of all sessions. Idle records stay on disk, where Find finds them. Load is for a start: nothing may be
// committed meanwhile. A pair without two members is an error with exit code 65.
func (s *Store) Load(ctx context.Context) (chat.Saved, error) {
	var half chat.PairID
	switch err := s.reader.GetContext(ctx, &half, sqlHalfPair); {
	case err == nil:
		return chat.Saved{}, &dbfile.Error{
			What: fmt.Sprintf("load %s: damaged, pair %d has only one member", s.path, half),
			Todo: dbfile.RestoreBackup,
			Code: exit.BadDatabase,
		}
	case !errors.Is(err, sql.ErrNoRows):
		return chat.Saved{}, dbfile.ExplainRead("load", s.path, err)
	}
	var saved chat.Saved
	if err := s.reader.GetContext(ctx, &saved.Rows, sqlRows); err != nil {
		return chat.Saved{}, dbfile.ExplainRead("load", s.path, err)
	}
	if err := s.loadRecords(ctx, &saved); err != nil {
		return chat.Saved{}, dbfile.ExplainRead("load", s.path, err)
	}
	slices.SortFunc(saved.Records, func(a, b chat.Record) int { return cmp.Compare(a.ID, b.ID) })
	if err := s.loadMail(ctx, &saved); err != nil {
		return chat.Saved{}, dbfile.ExplainRead("load the mail in", s.path, err)
	}
	return saved, nil
}

func (s *Store) loadRecords(ctx context.Context, saved *chat.Saved) error {
	rows, err := s.reader.QueryContext(ctx, sqlLoad)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r chat.Record
		if err := rows.Scan(targets(&r)...); err != nil {
			return err
		}
		saved.Records = append(saved.Records, r)
	}
	return rows.Err()
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

// Find returns the record of the session with this hash, in any state, and the contents of its mailbox, as of the last
// commit. ok is false if the session does not exist.
func (s *Store) Find(ctx context.Context, h chat.Hash) (found chat.Found, ok bool, err error) {
	rows, err := s.find.QueryContext(ctx, h[:])
	if err != nil {
		return chat.Found{}, false, dbfile.Explain("look up a session in", s.path, err)
	}
	defer rows.Close()
	for ; rows.Next(); ok = true {
		var m heldRow // N is 0 if there is no mail
		if err := rows.Scan(append(targets(&found.Record), &m.To, &m.Pair, &m.From, &m.N, &m.Size)...); err != nil {
			return chat.Found{}, false, dbfile.Explain("look up a session in", s.path, err)
		}
		if m.N != 0 {
			found.Mail = append(found.Mail, chat.Held(m))
		}
	}
	if err := rows.Err(); err != nil {
		return chat.Found{}, false, dbfile.Explain("look up a session in", s.path, err)
	}
	return found, ok, nil
}
