package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"

	"chatme/internal/dbfile"
)

// foreignObjects are what tools and operators add to a database. None of it is damage.
var foreignObjects = map[string]string{
	"Litestream 0.3 and 0.5": `
		CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER);
		CREATE TABLE _litestream_lock (id INTEGER);
		INSERT INTO _litestream_seq (id, seq) VALUES (1, 7)`,
	"one table of Litestream": `CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)`,
	"ANALYZE":                 `ANALYZE`,
	"an operator's view":      `CREATE VIEW waiting AS SELECT count(*) AS n FROM sessions WHERE place > 0`,
	"an operator's index":     `CREATE INDEX by_creation ON sessions (created_at)`,
	"an operator's trigger": `CREATE TABLE seen (at INTEGER);
		CREATE TRIGGER note AFTER INSERT ON boots BEGIN INSERT INTO seen VALUES (new.started_at); END`,
	"a view of nothing":  `CREATE VIEW broken AS SELECT missing FROM nowhere`,
	"sqlean's functions": `CREATE TABLE sqlean_define (name TEXT PRIMARY KEY, type TEXT, body TEXT)`,
	"full-text search":   `CREATE VIRTUAL TABLE notes USING fts5 (body); INSERT INTO notes VALUES ('a')`,
	"a name to be quoted": `CREATE TABLE "a
		""b""" (c)`,
	"a loose reference": `CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (p REFERENCES parent);
		PRAGMA foreign_keys = 0; INSERT INTO child VALUES (5)`,
	"a row that breaks its own rule": `CREATE TABLE ruled (n CHECK (n > 0));
		PRAGMA ignore_check_constraints = 1; INSERT INTO ruled VALUES (-1), (-2)`,
	"NULL where it is not allowed": `CREATE TABLE strictly (n); INSERT INTO strictly VALUES (NULL);
		PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE TABLE strictly (n NOT NULL)' WHERE name = 'strictly'`,
	"a module that this program does not have": `PRAGMA writable_schema = 1;
		INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('table', 'f', 'f', 0, 'CREATE VIRTUAL TABLE f USING define((1))')`,
	"a function that this program does not have": `CREATE TABLE e (n); CREATE INDEX e_n ON e (abs(n)); INSERT INTO e VALUES (1);
		PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE INDEX e_n ON e (levenshtein(n))' WHERE name = 'e_n'`,
}

// TestForeignObjectsAreNotDamage opens, examines and checks a database to which something was added.
func TestForeignObjectsAreNotDamage(t *testing.T) {
	for name, add := range foreignObjects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filled(t)
			script(t, path, add)
			found, err := Examine(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if l := found.Layout; len(l.Missing)+len(l.Changed) > 0 || name != "ANALYZE" && len(l.Added) == 0 {
				t.Errorf("%+v", l)
			}
			if found.Litestream != strings.Contains(name, "Litestream") {
				t.Errorf("Litestream: %v", found.Litestream)
			}
			if len(found.Boots) != 1 {
				t.Errorf("boots: %+v", found.Boots)
			}
			if _, err := CheckIntegrity(t.Context(), path); err != nil {
				t.Error(err)
			}
			s := MustOpen(t, path)
			if err := s.Laws(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := s.Begin(t.Context(), Boot{At: t0}); err != nil {
				t.Error(err)
			}
			mustClose(t, s)
		})
	}
}

// TestLayoutFindsWhatIsMissingOrChanged removes or changes objects of chatme's.
func TestLayoutFindsWhatIsMissingOrChanged(t *testing.T) {
	for change, want := range map[string]Layout{
		`DROP VIEW v_boots`:                          {Missing: []string{"view v_boots"}},
		`DROP INDEX sessions_place`:                  {Missing: []string{"index sessions_place"}},
		`DROP TABLE mailbox`:                         {Missing: []string{"table mailbox"}},
		`DROP TABLE boots`:                           {Missing: []string{"table boots"}},
		`ALTER TABLE sessions ADD COLUMN extra TEXT`: {Changed: []string{"table sessions"}},
		`DROP VIEW v_queue; CREATE TABLE v_queue(a)`: {Missing: []string{"view v_queue"}, Added: []string{"table v_queue"}},
		`DROP INDEX sessions_place; CREATE INDEX sessions_place ON sessions (place)`: {Changed: []string{"index sessions_place"}},
		`DROP VIEW v_boots; CREATE VIEW V_BOOTS AS SELECT 1`:                         {Changed: []string{"view v_boots"}},
	} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			path := filled(t)
			script(t, path, change)
			found, err := Examine(t.Context(), path)
			if l := found.Layout; err != nil || !slices.Equal(l.Missing, want.Missing) || !slices.Equal(l.Changed, want.Changed) || !slices.Equal(l.Added, want.Added) {
				t.Errorf("%+v, %v; want %+v", found.Layout, err, want)
			}
		})
	}
}

// nullBoot gives the stop of a start, which is NULL until the stop, a NOT NULL constraint.
const nullBoot = `PRAGMA writable_schema = 1;
	UPDATE sqlite_schema SET sql = replace(sql, 'stopped_at  INTEGER', 'stopped_at  INTEGER NOT NULL') WHERE name = 'boots'`

// TestDamageOfOurTablesIsFound: foreign faults must not hide damage.
func TestDamageOfOurTablesIsFound(t *testing.T) {
	for name, harm := range map[string]string{
		"NULL":                     nullBoot,
		"NULL behind foreign ones": foreignObjects["NULL where it is not allowed"] + ";" + nullBoot,
		"NULL beside a function that this program does not have": foreignObjects["a function that this program does not have"] + ";" + nullBoot,
		"a loose reference": `PRAGMA foreign_keys = 0; INSERT INTO mailbox (recipient, pair, n, sender) VALUES (99, 1, 1, '00000000-0000-0000-0000-000000000000')`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filled(t)
			script(t, path, harm)
			_, err := CheckIntegrity(t.Context(), path)
			if e, ok := errors.AsType[*dbfile.Error](err); !ok || !e.Damaged || !strings.Contains(e.Error(), "chatme restore") {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestUnknownErrorsAreNotDamage: only proven damage may lead to the advice to restore a backup.
func TestUnknownErrorsAreNotDamage(t *testing.T) {
	path := filled(t)
	query := func(text string) error {
		return examining(t.Context(), path, func(db *sql.DB, _ []dbfile.Pragma, _, _ int64) error {
			_, err := db.ExecContext(context.Background(), text)
			return err
		})
	}
	for name, tt := range map[string]struct {
		err     error
		damaged bool
	}{
		"a value that does not fit": {dbfile.ExplainRead("examine", path, errors.New(`sql: Scan error on column index 0, name "count(*)"`)), false},
		"a foreign view":            {dbfile.ExplainRead("migrate", path, errors.New("SQL logic error: error in view v: no such table: main.x (1)")), false},
		"a statement that is wrong": {query(`SELEKT 1`), false},
		"a missing function":        {query(`SELECT missing(1)`), false},
		"read only":                 {query(`CREATE TABLE a (b)`), false},
		"a missing table":           {query(`SELECT * FROM nowhere`), true},
		"a missing column":          {query(`SELECT missing FROM boots`), true},
	} {
		t.Run(name, func(t *testing.T) {
			e, ok := errors.AsType[*dbfile.Error](tt.err)
			if !ok || e.Damaged != tt.damaged || strings.Contains(e.Error(), "restore") != tt.damaged || strings.Contains(e.Error(), "move") != tt.damaged {
				t.Errorf("damaged: %v, want %v: %v", e.Damaged, tt.damaged, tt.err)
			}
		})
	}
}
