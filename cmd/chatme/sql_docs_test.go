package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"chatme/internal/testbed"
)

// sqlQuery is one query of docs/sql.md and the answer in the page.
type sqlQuery struct {
	question, query string
	at              time.Time // the moment at which it was asked
	want            string
}

var (
	sqlSection = regexp.MustCompile("(?ms)^## (\\d+\\. [^\n]+)\n\n```sql\n(.*?)```\n\n(?:At ([^\n]+):\n\n)?((?:\\|[^\n]*\n)+)")
	sqlMoment  = regexp.MustCompile(`(\d\d:\d\d:\d\d) UTC on (\d{4}-\d\d-\d\d)`)
)

// readSQLQueries parses the page.
func readSQLQueries(t *testing.T, page string) (queries []sqlQuery) {
	t.Helper()
	moment := func(text string) time.Time {
		found := sqlMoment.FindStringSubmatch(text)
		if found == nil {
			t.Fatalf("no moment in %q", text)
		}
		at, err := time.Parse(time.DateTime, found[2]+" "+found[1])
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	usual := moment(page)
	for _, part := range sqlSection.FindAllStringSubmatch(page, -1) {
		q := sqlQuery{question: part[1], query: part[2], at: usual, want: part[4]}
		if part[3] != "" {
			q.at = moment(part[3])
		}
		queries = append(queries, q)
	}
	return queries
}

// TestSQLDocs runs every query of docs/sql.md on the example as the page says: with the sqlite3 shell, read-only. It
// changes only the time.
func TestSQLDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/sql.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../chatme.db.example")
	if err != nil {
		t.Fatal(err)
	}
	db := filepath.Join(t.TempDir(), "chatme.db")
	if err := os.WriteFile(db, example, 0o600); err != nil {
		t.Fatal(err)
	}
	queries := readSQLQueries(t, string(page))
	if len(queries) != 10 || strings.Count(string(page), "```sql") != 10 {
		t.Fatalf("%d queries with an answer, want 10", len(queries))
	}
	for _, q := range queries {
		t.Run(q.question, func(t *testing.T) {
			then := strings.ReplaceAll(q.query, "unixepoch()", strconv.FormatInt(q.at.Unix(), 10))
			if got := paste(t, db, then); got != q.want {
				t.Errorf("got\n%swant\n%s", got, q.want)
			}
			paste(t, db, q.query) // unchanged, with the current time
		})
	}
}

// paste gives the query to the shell and returns the output.
func paste(t *testing.T, db, query string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testbed.Shell(t), "-readonly", "-markdown", "-bail", db)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(query), &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("%v: %s", err, &stderr)
	}
	return stdout.String()
}
