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

	// Each query counts in the smallest index of its table.
	sqlCountSessions = `SELECT count(*) FROM sessions`
	sqlCountMailbox  = `SELECT count(*) FROM mailbox`
	sqlCountBoots    = `SELECT count(*) FROM boots`
)

// Measure is the size of a database.
type Measure struct {
	FreeBytes int64 // in unused pages
	Sessions  int64 // rows
	Mailbox   int64 // rows
	Boots     int64 // rows
}

// Measure queries the read-only handle, until ctx ends. It takes a second per ten million rows or so.
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

// Bytes returns the sizes of the database file and its WAL, 0 for a missing one. It only asks the file system: opening
// and closing the file would drop SQLite's locks.
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
