package store

import (
	"context"
	"fmt"
	"os"
)

const (
	sqlFreePages = `
		SELECT p.page_size, f.freelist_count
		FROM pragma_page_size AS p, pragma_freelist_count AS f`

	// Each counts in the smallest index there is.
	sqlCountSessions = `SELECT count(*) FROM sessions`
	sqlCountMailbox  = `SELECT count(*) FROM mailbox`
	sqlCountBoots    = `SELECT count(*) FROM boots`
)

// Measure is how much a database holds.
type Measure struct {
	FreeBytes int64 // of pages that nothing uses
	Sessions  int64 // rows
	Mailbox   int64 // rows
	Boots     int64 // rows
}

// Measure asks the read-only handle, until ctx ends. It takes a second for some ten million rows.
func (s *Store) Measure(ctx context.Context) (Measure, error) {
	var m Measure
	var page, pages int64
	if err := s.reader.QueryRowContext(ctx, sqlFreePages).Scan(&page, &pages); err != nil {
		return Measure{}, fmt.Errorf("measure %s: %w", s.path, err)
	}
	m.FreeBytes = page * pages
	for query, rows := range map[string]*int64{sqlCountSessions: &m.Sessions, sqlCountMailbox: &m.Mailbox, sqlCountBoots: &m.Boots} {
		if err := s.reader.QueryRowContext(ctx, query).Scan(rows); err != nil {
			return Measure{}, fmt.Errorf("measure %s: %w", s.path, err)
		}
	}
	return m, nil
}

// Bytes returns how long the database file and its WAL are, 0 for one that is not there. It asks the file system only:
// to open and close the file would drop SQLite's locks.
func (s *Store) Bytes() (database, wal int64) {
	return length(s.path), length(s.wal.path)
}

func length(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
