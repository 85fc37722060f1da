package store

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"

	"chatme/internal/dbfile"
)

// Layout compares a database with what its migrations create: "table sessions", "view v_queue". Tables, views, indexes
// and triggers that other programs or the operator added are harmless.
type Layout struct {
	Missing []string // of chatme's
	Changed []string // of chatme's
	Added   []string // by others
}

// object is a row of sqlite_schema.
type object struct{ kind, name, sql string }

func (o object) String() string {
	if strings.ContainsFunc(o.name, func(r rune) bool { return r < ' ' || r == '"' }) {
		return fmt.Sprintf("%s %q", o.kind, o.name)
	}
	return o.kind + " " + o.name
}

// sqlObjects omits what SQLite creates by itself, such as sqlite_stat1 and the indexes of constraints.
const sqlObjects = `
	SELECT type, name, coalesce(sql, '') FROM sqlite_schema
	WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY type DESC, name`

// objects returns the tables, views, indexes and triggers of db, sorted.
func objects(ctx context.Context, db *sql.DB) (all []object, err error) {
	rows, err := db.QueryContext(ctx, sqlObjects)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var o object
		if err := rows.Scan(&o.kind, &o.name, &o.sql); err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, rows.Err()
}

// objects returns the objects that the migrations up to version create.
func (p *plan) objects(ctx context.Context, version int64) ([]object, error) {
	db, err := sql.Open(dbfile.DriverName, ":memory:")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, p.steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, err
	}
	if _, err := provider.UpTo(ctx, version); err != nil {
		return nil, err
	}
	return objects(ctx, db)
}

// gooseTable records the migrations. Its text depends on the version of goose that created it.
const gooseTable = "goose_db_version"

// layout compares db, which is at version, with what the migrations create.
func (p *plan) layout(ctx context.Context, db *sql.DB, version int64) (l Layout, err error) {
	if version == 0 {
		return l, nil
	}
	want, err := p.objects(ctx, version)
	if err != nil {
		return l, err
	}
	got, err := objects(ctx, db)
	if err != nil {
		return l, err
	}
	for _, w := range want {
		i := slices.IndexFunc(got, w.sameName)
		switch {
		case i < 0:
			l.Missing = append(l.Missing, w.String())
		case w.name != gooseTable && plainSQL(got[i].sql) != plainSQL(w.sql):
			l.Changed = append(l.Changed, w.String())
		}
	}
	for _, g := range got {
		if !slices.ContainsFunc(want, g.sameName) {
			l.Added = append(l.Added, g.String())
		}
	}
	return l, nil
}

func (o object) sameName(other object) bool {
	return o.kind == other.kind && strings.EqualFold(o.name, other.name)
}

var sqlComment = regexp.MustCompile(`--[^\n]*`)

// plainSQL returns a statement without its comments, which another release may word differently, and with single spaces.
func plainSQL(text string) string {
	return strings.Join(strings.Fields(sqlComment.ReplaceAllString(text, " ")), " ")
}

// foreigners recognizes what is not chatme's in a database at version.
type foreigners struct{ ours []object }

// The first group of each is the subject of a message of integrity_check. Other messages are about the file as a whole.
var logicalFaults = []*regexp.Regexp{
	regexp.MustCompile(`^(?:NULL|NUMERIC|TEXT|non-\w+) value in (.+)\.[^.]+$`),
	regexp.MustCompile(`^CHECK constraint failed in (.+)$`),
	regexp.MustCompile(`^(?:row \d+ (?:missing from|values differ from)|non-unique entry in|wrong # of entries in|rowid not at end-of-record for row \d+ of) index (.+)$`),
	regexp.MustCompile(`table (?:main\.)?([^. ]+)$`), // of a virtual table's own check
}

var autoIndex = regexp.MustCompile(`^sqlite_autoindex_(.+)_\d+$`)

// concerns reports whether a message of integrity_check is about the content of something that is not chatme's.
func (f foreigners) concerns(message string) bool {
	for _, fault := range logicalFaults {
		found := fault.FindStringSubmatch(message)
		if found == nil {
			continue
		}
		name := found[1]
		if auto := autoIndex.FindStringSubmatch(name); auto != nil {
			name = auto[1]
		}
		return !slices.ContainsFunc(f.ours, func(o object) bool { return strings.EqualFold(o.name, name) })
	}
	return false
}

// tables returns the names of chatme's tables.
func (f foreigners) tables() (names []string) {
	for _, o := range f.ours {
		if o.kind == "table" {
			names = append(names, o.name)
		}
	}
	return names
}
