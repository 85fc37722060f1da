package store

import (
	"os"
	"strings"
	"testing"

	"chatme/internal/dbfile"
)

// TestParkedReader: a reader that stays in a transaction makes the WAL grow, which is logged; once the reader has ended
// the WAL is reset and truncated.
func TestParkedReader(t *testing.T) {
	p := newPost(t)
	p.wal.limit = dbfile.WalKept + dbfile.WalKept/4
	log := logged(p.Store)
	size := func() int64 {
		info, err := os.Stat(p.path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	n := uint64(0)
	write := func() {
		n++
		p.mustHold(t, p.entry(n, strings.Repeat("x", 1<<20)))
	}
	for range 2 * dbfile.WalKept >> 20 {
		write()
	}
	if size() > dbfile.WalKept || log.Len() != 0 {
		t.Fatalf("%d bytes without a reader\n%s", size(), log)
	}

	parked, err := p.reader.Begin()
	if err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := parked.QueryRow(`SELECT count(*) FROM mailbox`).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	for size() <= p.wal.limit {
		write()
	}
	write()
	if strings.Count(log.String(), "level=WARN") != 1 || !strings.Contains(log.String(), "a transaction stays open") {
		t.Errorf("the log: %s", log)
	}

	if err := parked.Rollback(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first checkpoints the pages into the database, the second resets the WAL
		write()
	}
	if size() > dbfile.WalKept {
		t.Errorf("%d bytes after the reader ended", size())
	}
	if strings.Count(log.String(), "WAL reset") != 1 {
		t.Errorf("the log: %s", log)
	}
}
