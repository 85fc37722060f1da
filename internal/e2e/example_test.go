package e2e

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/example"
	"chatme/internal/exit"
	"chatme/internal/testbed"
)

// exampleFile is the example database in the repository.
const exampleFile = "../../chatme.db.example"

// TestExampleIsOfThisSchema: chatme.db.example is what this program generates. It fails after a new migration.
func TestExampleIsOfThisSchema(t *testing.T) {
	fresh := filepath.Join(t.TempDir(), "fresh.db")
	if err := example.Write(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	want, got := openExample(t, fresh), openExample(t, exampleFile)
	queries := []string{
		`SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name`,
		`PRAGMA application_id`,
		`SELECT version_id, is_applied FROM goose_db_version ORDER BY id`,
	}
	var views []string
	for _, row := range table(t, want, `SELECT name FROM sqlite_schema WHERE type = 'view'`) {
		views = append(views, row[0])
		queries = append(queries, `SELECT * FROM `+row[0])
	}
	if len(views) < 4 {
		t.Errorf("views %q", views)
	}
	for _, query := range queries {
		if want, got := fmt.Sprint(table(t, want, query)), fmt.Sprint(table(t, got, query)); want != got {
			t.Errorf("chatme.db.example is out of date; run make example-db\n%s\n got %s\nwant %s", query, got, want)
		}
	}
}

// TestExampleShowsEveryKind: the example has something of each kind to look at.
func TestExampleShowsEveryKind(t *testing.T) {
	db := openExample(t, exampleFile)
	for query, want := range map[string]string{
		`SELECT count(*), count(stopped) FROM v_boots`:                          "[[2 1]]",
		`SELECT count(*), count(*) FILTER (WHERE here = 'away') FROM v_queue`:   "[[3 1]]",
		`SELECT count(*), count(*) FILTER (WHERE away <> '') FROM v_pairs`:      "[[2 1]]",
		`SELECT state, kind, count(*) FROM v_sessions GROUP BY 1, 2 ORDER BY 1`: "[[ended resumable 1] [idle resumable 1] [paired old 1] [paired resumable 3] [waiting old 1] [waiting resumable 2]]",
	} {
		if got := fmt.Sprint(table(t, db, query)); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// TestExampleIsTheSameEachTime: the example is the same byte for byte, so that generating it again changes no file
// without a reason. It replaces an existing file.
func TestExampleIsTheSameEachTime(t *testing.T) {
	target := filepath.Join(t.TempDir(), "chatme.db.example")
	var first []byte
	for range 2 {
		if err := example.Write(t.Context(), target); err != nil {
			t.Fatal(err)
		}
		again := testbed.MustRead(t, target)
		if first != nil && !bytes.Equal(first, again) {
			t.Error("two generated examples differ")
		}
		first = again
	}
	if entries, err := os.ReadDir(filepath.Dir(target)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// testExampleServes starts a server on a copy of the example.
func testExampleServes(t *testing.T, s *testbed.Site) {
	testbed.MustWrite(t, s.DB, testbed.MustRead(t, exampleFile))
	server, ready := s.Start()
	if ready.Restored != 3 {
		t.Errorf("%d restored, want the 3 in the queue: it is a copy, so its chats are over", ready.Restored)
	}
	if code, _ := server.Terminate(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
	s.Asks(`SELECT count(*) FROM v_sessions WHERE kind = 'old' OR here = 'connected'`, "0")
	s.Asks(`SELECT count(*) FROM v_boots`, "3")
}

// openExample opens a database that has no writer, without leaving files next to it.
func openExample(tb testing.TB, name string) *sql.DB {
	tb.Helper()
	if _, err := os.Stat(name); err != nil {
		tb.Fatalf("%v; run make example-db", err)
	}
	db, err := sql.Open("sqlite", "file:"+name+"?mode=ro&immutable=1")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

// table returns the rows of a query as text, without the column that depends on the clock.
func table(tb testing.TB, db *sql.DB, query string) (rows [][]string) {
	tb.Helper()
	result, err := db.QueryContext(tb.Context(), query)
	if err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	defer result.Close()
	columns, err := result.Columns()
	if err != nil {
		tb.Fatal(err)
	}
	for result.Next() {
		cells, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := result.Scan(into...); err != nil {
			tb.Fatalf("%s: %v", query, err)
		}
		var row []string
		for i, cell := range cells {
			if columns[i] != "waiting_s" {
				row = append(row, strings.TrimSpace(cell.String))
			}
		}
		rows = append(rows, row)
	}
	if err := result.Err(); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return rows
}
