package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/migrations"
)

// Files are the absolute names of all files that belong to a database.
type Files struct {
	Database, WAL, SharedMemory, Journal, Lock, Witness string

	Before     []string // copies made before migrations
	Replaced   []string // databases that a restore has put aside
	Parts      []string // of copies that were never finished
	Litestream string   // the directory in which Litestream keeps the data it replicates
}

// FilesOf returns the files that exist, or may exist, beside the database at path, with its links resolved.
func FilesOf(path string) (Files, error) {
	path, err := dbfile.Resolve(path)
	if err != nil {
		return Files{}, err
	}
	dir, base := filepath.Split(path)
	f := Files{
		Database: path, WAL: path + "-wal", SharedMemory: path + "-shm", Journal: path + "-journal",
		Lock: path + dbfile.LockSuffix, Witness: path + witnessSuffix,
		Litestream: filepath.Join(dir, "."+base+"-litestream"), // https://litestream.io/how-it-works
	}
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return f, dbfile.ExplainFile("list", dir, dir, err)
	}
	for _, e := range entries {
		name, full := e.Name(), filepath.Join(dir, e.Name())
		switch {
		case !strings.HasPrefix(name, base+"."):
		case strings.Contains(name, partInfix):
			f.Parts = append(f.Parts, full)
		case strings.HasPrefix(name, base+beforeInfix):
			f.Before = append(f.Before, full)
		case strings.HasPrefix(name, base+replacedInfix):
			f.Replaced = append(f.Replaced, full)
		}
	}
	return f, nil
}

// BootRow is one start of the server.
type BootRow struct {
	Boot    uint64
	Started chat.Time
	Stopped chat.Time // 0: it is running, or was killed
	Reason  string    // "" likewise
}

// PragmaRead is an SQLite setting that a server relies on, and the value that was read back.
type PragmaRead struct{ Name, Got, Want string }

// Examination is the result of a read-only look at a database.
type Examination struct {
	SQLite     string       // version of the library in this program
	SQLiteBug  bool         // … which has the WAL-reset bug
	Schema     int64        // number of its last migration
	Latest     int64        // … of those that this program knows
	Layout     Layout       // if something is missing, none of the following fields is known
	Pragmas    []PragmaRead // of a connection made with the server's settings
	Litestream bool         // Litestream has left its mark in it
	Boots      []BootRow    // the last starts, the newest first, at most MostBoots
	MailBytes  int64        // mail stored for sessions that are away
}

// MostBoots is the maximum number of starts in an Examination.
const MostBoots = 500

const (
	sqlBoots = `
		SELECT boot, started_at, coalesce(stopped_at, 0), coalesce(reason, '') FROM boots
		ORDER BY boot DESC LIMIT ?1`

	sqlLitestream = `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name LIKE '\_litestream\_%' ESCAPE '\')`
)

// sqlFormatVersion reads the header, because the pragma never reports WAL mode for an immutable database.
// https://sqlite.org/fileformat2.html#file_format_version_numbers
const sqlFormatVersion = `
	SELECT CASE substr(data, 19, 2) WHEN x'0202' THEN 'wal' ELSE 'delete' END FROM sqlite_dbpage WHERE pgno = 1`

// Examine looks at the database at path as a server would see it, on a read-only connection with the server's settings.
// A server may have it open; no writer is blocked for longer than a query takes. The error is an *Error with an exit
// code like those of Open.
func Examine(ctx context.Context, path string) (Examination, error) {
	var found Examination
	err := examining(ctx, path, func(db *sql.DB, pragmas []dbfile.Pragma, version, latest int64) (err error) {
		found, err = examination(ctx, db, pragmas, version)
		found.Latest = latest
		return err
	})
	return found, err
}

// examining opens the database at path for use.
func examining(ctx context.Context, path string, use func(db *sql.DB, pragmas []dbfile.Pragma, version, latest int64) error) error {
	path, err := dbfile.Resolve(path)
	if err != nil {
		return err
	}
	if err := sound(ctx, path, DefaultBusyTimeout); err != nil {
		return err
	}
	if err := present(path); err != nil {
		return err
	}
	plan, err := newPlan(migrations.FS)
	if err != nil {
		return err
	}
	for {
		dsn, pragmas, immutable := examineDSN(path)
		err := withFile(path, dsn, func(db *sql.DB) error {
			version, err := identify(ctx, db, path, plan.latest())
			if err != nil {
				return err
			}
			return dbfile.ExplainRead("examine", path, use(db, pragmas, version, plan.latest()))
		})
		if err == nil || !immutable || !dbfile.Exists(path+"-wal") || ctx.Err() != nil {
			return err
		} // a server has started meanwhile, and the read may be inconsistent
	}
}

// examineDSN returns the URI of the writer's settings on a connection that cannot write. Without a -wal and a -journal,
// all data is in the file and no process has it open, so it can be read without creating either.
func examineDSN(path string) (dsn string, pragmas []dbfile.Pragma, immutable bool) {
	q, pragmas := dbfile.WriterSettings(DefaultBusyTimeout)
	q.Set("mode", "ro")
	if immutable = !dbfile.Exists(path+"-wal") && !dbfile.Exists(path+"-journal"); immutable {
		q.Set("immutable", "1")
	}
	return dbfile.URI(path, q), pragmas, immutable
}

func examination(ctx context.Context, db *sql.DB, pragmas []dbfile.Pragma, version int64) (Examination, error) {
	found := Examination{Schema: version}
	if err := db.QueryRowContext(ctx, sqlVersion).Scan(&found.SQLite); err != nil {
		return found, err
	}
	found.SQLiteBug = HasWALResetBug(found.SQLite)
	plan, err := newPlan(migrations.FS)
	if err != nil {
		return found, err
	}
	if found.Layout, err = plan.layout(ctx, db, version); err != nil || len(found.Layout.Missing) > 0 {
		return found, err
	}
	for _, p := range pragmas {
		read, query := PragmaRead{Name: p.Name, Want: p.Want}, "PRAGMA "+p.Name
		if p.Name == "journal_mode" {
			query = sqlFormatVersion
		}
		if err := db.QueryRowContext(ctx, query).Scan(&read.Got); err != nil {
			return found, err
		}
		found.Pragmas = append(found.Pragmas, read)
	}
	if err := db.QueryRowContext(ctx, sqlLitestream).Scan(&found.Litestream); err != nil {
		return found, err
	}
	if version >= schemaMailbox {
		if err := db.QueryRowContext(ctx, sqlMailBytes).Scan(&found.MailBytes); err != nil {
			return found, err
		}
	}
	if version == 0 {
		return found, nil
	}
	found.Boots, err = readBoots(ctx, db)
	return found, err
}

func readBoots(ctx context.Context, db *sql.DB) (boots []BootRow, err error) {
	rows, err := db.QueryContext(ctx, sqlBoots, MostBoots)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var b BootRow
		if err := rows.Scan(&b.Boot, &b.Started, &b.Stopped, &b.Reason); err != nil {
			return nil, err
		}
		boots = append(boots, b)
	}
	return boots, rows.Err()
}

// HasWALResetBug reports whether an SQLite of this version can corrupt a database in WAL mode.
// https://sqlite.org/wal.html#walresetbug
func HasWALResetBug(version string) bool { return Older(version, minSQLite) }

// CheckIntegrity reads the whole database at path: every page, every index, every reference. It is a read transaction
// for as long as that takes, during which the WAL of a server that writes cannot be reset. Faults in tables that are not
// chatme's are returned in aside. The error is that of ctx, or an *Error that is Damaged if the database is.
func CheckIntegrity(ctx context.Context, path string) (aside string, err error) {
	err = examining(ctx, path, func(db *sql.DB, _ []dbfile.Pragma, _, _ int64) error {
		if aside, err = checkIntegrity(ctx, db, path); err != nil {
			return errors.Join(ctx.Err(), err)
		}
		return nil
	})
	return aside, err
}

// Doubt returns why the next start would consider the database at path restored from a backup: "" if it would not. A
// server may have it open. Its errors are those of Examine, and that of a witness that cannot be read.
func Doubt(ctx context.Context, path string) (why string, err error) {
	err = examining(ctx, path, func(db *sql.DB, _ []dbfile.Pragma, version, _ int64) error {
		if version == 0 {
			return nil
		}
		path, err := dbfile.Resolve(path)
		if err != nil {
			return err
		}
		now, err := sight(path)
		if err != nil {
			return err
		}
		_, why, err = doubt(ctx, db, version, now, path+witnessSuffix)
		return err
	})
	return why, err
}
