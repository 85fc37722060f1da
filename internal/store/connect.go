package store

import (
	"context"
	"database/sql"
	"fmt"

	"chatme/internal/dbfile"
	"chatme/internal/exit"

	"github.com/jmoiron/sqlx"
)

// minSQLite is the first SQLite without the WAL-reset bug, which can corrupt a database.
// https://sqlite.org/wal.html#walresetbug
const minSQLite = "3.51.3"

func (s *Store) connectWriter(ctx context.Context, cfg Config) error {
	dsn, pragmas := dbfile.WriterDSN(s.path, cfg.BusyTimeout)
	db, err := sql.Open(cfg.driver, dsn)
	if err != nil {
		return dbfile.ExplainRead("open", s.path, err)
	}
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	s.writer = db
	if err := checkVersion(ctx, db); err != nil {
		return dbfile.ExplainRead("open", s.path, err)
	}
	return s.checkPragmas(ctx, db, pragmas)
}

func (s *Store) connectReader(ctx context.Context, cfg Config) error {
	dsn, pragmas := dbfile.ReaderDSN(s.path, cfg.BusyTimeout)
	db, err := sqlx.Open(cfg.driver, dsn)
	if err != nil {
		return dbfile.ExplainRead("open", s.path, err)
	}
	db.SetMaxOpenConns(dbfile.MaxReaders)
	db.SetMaxIdleConns(dbfile.MaxReaders)
	s.reader = db
	return s.checkPragmas(ctx, db.DB, pragmas)
}

// checkPragmas reads every pragma back: SQLite ignores those that it does not support or does not know.
func (s *Store) checkPragmas(ctx context.Context, db *sql.DB, pragmas []dbfile.Pragma) error {
	for _, p := range pragmas {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+p.Name).Scan(&got); err != nil {
			return dbfile.ExplainRead("open", s.path, err)
		}
		if got != p.Want {
			return &dbfile.Error{
				What: fmt.Sprintf("open %s: PRAGMA %s is %s, not %s", s.path, p.Name, got, p.Want),
				Todo: "put the database on a local file system",
				Code: exit.NotWritable,
			}
		}
	}
	return nil
}

const sqlVersion = `SELECT sqlite_version()`

// checkVersion refuses an SQLite that has the WAL-reset bug.
func checkVersion(ctx context.Context, db *sql.DB) error {
	var got string
	if err := db.QueryRowContext(ctx, sqlVersion).Scan(&got); err != nil {
		return err
	}
	if Older(got, minSQLite) {
		return &dbfile.Error{
			What: fmt.Sprintf("this program was built with SQLite %s, which can corrupt a database", got),
			Todo: "rebuild it with " + minSQLite + " or newer",
			Code: exit.Failure,
		}
	}
	return nil
}

// Older reports whether version a precedes b; both are three numbers separated by dots. An invalid version is older.
func Older(a, b string) bool {
	var x, y [3]int
	if n, _ := fmt.Sscanf(a, "%d.%d.%d", &x[0], &x[1], &x[2]); n != 3 {
		return true
	}
	if n, _ := fmt.Sscanf(b, "%d.%d.%d", &y[0], &y[1], &y[2]); n != 3 {
		return false
	}
	for i := range x {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return false
}
