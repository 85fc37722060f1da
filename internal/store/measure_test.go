package store

import (
	"os"
	"testing"
)

// Measure agrees with sqlite3 and with the file system.
func TestMeasure(t *testing.T) {
	path := filled(t)
	s, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := s.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want Measure
	var free, page int64
	for query, to := range map[string]*int64{
		"SELECT count(*) FROM sessions": &want.Sessions, "SELECT count(*) FROM mailbox": &want.Mailbox,
		"SELECT count(*) FROM boots": &want.Boots, "PRAGMA freelist_count": &free, "PRAGMA page_size": &page,
	} {
		if err := s.writer.QueryRow(query).Scan(to); err != nil {
			t.Fatal(err)
		}
	}
	want.FreeBytes = free * page
	if got != want || got.Sessions == 0 || got.Boots == 0 {
		t.Errorf("%+v, want %+v", got, want)
	}
	database, wal := s.Bytes()
	info, err := os.Stat(path)
	if err != nil || database != info.Size() || wal < 0 {
		t.Errorf("%d and %d bytes; the file has %d, %v", database, wal, info.Size(), err)
	}
	gone := &Store{path: path + "-gone"}
	if database, _ := gone.Bytes(); database != 0 {
		t.Errorf("a missing file has %d bytes", database)
	}
}
