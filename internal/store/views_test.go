package store

import (
	"fmt"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/seal"
)

// ask runs a query in Debian's sqlite3 shell, read-only, as an operator does.
func ask(tb testing.TB, path, query string) []string {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), shell(tb), "-readonly", path, query).CombinedOutput()
	if err != nil {
		tb.Fatalf("%s: %v: %s", query, err, out)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// TestViews: the shell reads every view while the server has the database open.
func TestViews(t *testing.T) {
	s := openNew(t)
	mustBegin(t, s)
	a, b := pair(1, 1, 2)
	c, d := pair(2, 3, 4)
	d.AwaySince = t0 + 3000
	first, second := waiting(5, 1), away(old(waiting(6, 2)), t0+5000)
	idle := away(session(7), t0+7000)
	ended := away(session(8), t0+8000)
	ended.EndedAt = t0 + 8000
	mustCommit(t, s, put(second, first, d, c, b, a, idle, ended)...)
	mail := func(r chat.Record, pair chat.PairID, n uint64, text string) chat.MailEntry {
		return chat.MailEntry{To: r.ID, Key: r.MailKey, Pair: pair, From: alias(1), N: n, At: t0, Text: text}
	}
	err := s.Commit(&chat.Batch{Entries: []chat.MailEntry{
		mail(d, d.Pair, 4, "one"), mail(d, d.Pair, 5, ""), mail(d, d.Pair, 6, "two"),
		mail(idle, 1<<32|9, 1, "tail"), mail(idle, 1<<32|9, 2, ""),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.End("signal", t0+9000); err != nil {
		t.Fatal(err)
	}
	name := func(r chat.Record) string { return r.Hash.String() }

	for query, want := range map[string][]string{
		`SELECT session, state, kind, created, here, coalesce(away_since, ''), coalesce(state_since, '') FROM v_sessions`: {
			name(ended) + "|ended|resumable|2026-09-21T14:13:20Z|away|2026-09-21T14:13:28Z|2026-09-21T14:13:28Z",
			name(idle) + "|idle|resumable|2026-09-21T14:13:20Z|away|2026-09-21T14:13:27Z|",
			name(second) + "|waiting|old|2026-09-21T14:13:20Z|away|2026-09-21T14:13:25Z|2026-09-21T14:13:20Z",
			name(first) + "|waiting|resumable|2026-09-21T14:13:20Z|connected||2026-09-21T14:13:20Z",
			name(d) + "|paired|resumable|2026-09-21T14:13:20Z|away|2026-09-21T14:13:23Z|2026-09-21T14:13:20Z",
			name(c) + "|paired|resumable|2026-09-21T14:13:20Z|connected||2026-09-21T14:13:20Z",
			name(b) + "|paired|resumable|2026-09-21T14:13:20Z|connected||2026-09-21T14:13:20Z",
			name(a) + "|paired|resumable|2026-09-21T14:13:20Z|connected||2026-09-21T14:13:20Z",
		},
		`SELECT position, session, kind, since, waiting_s >= 0, here FROM v_queue`: {
			"1|" + name(first) + "|resumable|2026-09-21T14:13:20Z|1|here",
			"2|" + name(second) + "|old|2026-09-21T14:13:20Z|1|away",
		},
		`SELECT * FROM v_pairs`: {
			"1-1|" + name(a) + "|" + name(b) + "|2026-09-21T14:13:20Z|",
			"1-2|" + name(c) + "|" + name(d) + "|2026-09-21T14:13:20Z|second",
		},
		`SELECT boot, started, stopped, reason, version, commit_hash, schema, length(epoch) FROM v_boots`: {
			"1|2026-09-21T14:13:20Z|2026-09-21T14:13:29Z|signal|v1|c0ffee|4|32",
		},
		`SELECT * FROM v_mailbox`: {
			name(idle) + "|away|1|1|" + fmt.Sprint(256+seal.Overhead) + "|2",
			name(d) + "|away|2|1|" + fmt.Sprint(2*(256+seal.Overhead)) + "|0",
		},
		`SELECT count(*) FROM sqlite_schema WHERE type = 'view'`: {"5"},
	} {
		if got := ask(t, s.path, query); !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant\n%s", query, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestViewsUnderLoad: the same while batches are being committed; neither side waits for the other.
func TestViewsUnderLoad(t *testing.T) {
	s := openNew(t)
	mustBegin(t, s)
	stop := make(chan struct{}) // closed by the test
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := uint64(1); ; n += 3 {
			select {
			case <-stop:
				return
			default:
			}
			a, b := pair(n, n, n+1)
			if err := s.Commit(&chat.Batch{Changes: put(a, b, waiting(n+2, n))}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 5 {
		for _, view := range []string{"v_sessions", "v_queue", "v_pairs", "v_mailbox", "v_boots"} {
			ask(t, s.path, `SELECT count(*) FROM (SELECT * FROM `+view+`)`)
		}
		if got := ask(t, s.path, `SELECT count(*) FROM v_pairs WHERE second IS NULL`); got[0] != "0" {
			t.Errorf("%s pairs seen with one member", got[0])
		}
	}
	close(stop)
	wg.Wait()
	if got := ask(t, s.path, `PRAGMA integrity_check`); got[0] != "ok" {
		t.Errorf("%q", got)
	}
}

// TestSchemaStrict: every table of chatme's is STRICT (goose's own is not).
func TestSchemaStrict(t *testing.T) {
	var loose []string
	err := openNew(t).reader.Select(&loose, `
		SELECT name FROM pragma_table_list
		WHERE type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name <> 'goose_db_version'`)
	if err != nil || len(loose) != 0 {
		t.Errorf("%q, %v", loose, err)
	}
}

// TestCanaryNoText: no column can store a message. If you add a text or blob column, bound its length and list it here.
func TestCanaryNoText(t *testing.T) {
	allowed := map[string]string{
		"sessions.hash":     "32 bytes",
		"sessions.alias":    "a UUID",
		"sessions.mail_key": "32 bytes",
		"mailbox.sender":    "a UUID",
		"mailbox.body":      "sealed; the only unbounded one, because messages are unbounded, see TestCanaryBound",
		"boots.version":     "of the program",
		"boots.commit_hash": "of the program",
		"boots.reason":      "why it stopped",
		"boots.epoch":       "32 hexadecimal digits",
	}
	var columns []string
	err := openNew(t).reader.Select(&columns, `
		SELECT t.name || '.' || c.name FROM pragma_table_list AS t, pragma_table_xinfo(t.name) AS c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND t.name <> 'goose_db_version'
		  AND c.type <> 'INTEGER'
		ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	if want := slices.Sorted(maps.Keys(allowed)); !slices.Equal(columns, want) {
		t.Errorf("%q, want %q", columns, want)
	}
}

// TestQueryPlans: finding a session, loading and sweeping never read hibernated sessions.
func TestQueryPlans(t *testing.T) {
	s := openNew(t)
	writer := sqlx.NewDb(s.writer, dbfile.DriverName) // keeps the foreign keys, so that its plans show the cascade
	scan := regexp.MustCompile(`SCAN (sessions|mailbox|s|m)\b|\(pair=\?\)|TEMP B-TREE`)
	for name, q := range map[string]struct {
		sql  string
		args []any
	}{
		"load":      {sqlLoad, nil},
		"load mail": {sqlLoadMail, nil},
		"weigh":     {sqlWeigh, []any{1}},
		"next":      {sqlNext, []any{1, 1, 1, 1}},
		"confirm":   {sqlConfirm, []any{1, 1, 1}},
		"no old":    {sqlNoOld, nil},
		"no chats":  {sqlNoChats, nil},
		"cascade":   {sqlRemove, []any{1}},
		"half pair": {sqlHalfPair, nil},
		"find":      {sqlFind, []any{make([]byte, 32)}},
		"expired":   {sqlExpired, []any{1, 1}},
		"sweep":     {sqlSweep, []any{1, 1}},
		"queue":     {`SELECT * FROM v_queue`, nil},
		"pairs":     {`SELECT * FROM v_pairs`, nil},
	} {
		var plan []struct {
			ID, Parent, Notused int
			Detail              string
		}
		if err := writer.Select(&plan, `EXPLAIN QUERY PLAN `+q.sql, q.args...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "cascade" && len(plan) != 2 {
			t.Errorf("%s: %+v", name, plan)
		}
		for _, p := range plan {
			if scan.MatchString(p.Detail) {
				t.Errorf("%s: %s", name, p.Detail)
			}
		}
	}
}
