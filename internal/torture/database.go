package torture

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	"chatme/internal/secret"
)

const (
	sqlIntegrity = `PRAGMA integrity_check`

	sqlMailboxes = `
	SELECT s.hash, count(*) FROM mailbox AS m
	JOIN sessions AS s ON s.id = m.recipient
	GROUP BY m.recipient`
)

// heldFor opens the database of a server, checks its integrity, and returns what it holds for the sessions with these
// IDs, one line each. The server MUST have exited. What it holds for other sessions may still be asked for.
func heldFor(ctx context.Context, database string, ids map[string]bool) (mail []string, err error) {
	dsn := url.URL{Scheme: "file", Opaque: database, RawQuery: "mode=ro"}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRowContext(ctx, sqlIntegrity).Scan(&verdict); err != nil {
		return nil, fmt.Errorf("check the database: %w", err)
	}
	if verdict != "ok" {
		return nil, fmt.Errorf("check the database: %s", verdict)
	}
	hashes := make(map[string]bool, len(ids))
	for id := range ids {
		hash := secret.HashOf(id)
		hashes[string(hash[:])] = true
	}
	rows, err := db.QueryContext(ctx, sqlMailboxes)
	if err != nil {
		return nil, fmt.Errorf("read the mailboxes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var hash []byte
		var n int
		if err := rows.Scan(&hash, &n); err != nil {
			return nil, fmt.Errorf("read the mailboxes: %w", err)
		}
		if hashes[string(hash)] {
			mail = append(mail, fmt.Sprintf("%d messages for s_%x, which was connected", n, hash[:4]))
		}
	}
	return mail, rows.Err()
}
