package store

import (
	"context"
	"database/sql"
	"fmt"

	"chatme/internal/dbfile"
	"chatme/internal/exit"

	sqlite3 "modernc.org/sqlite/lib"

	"chatme/migrations"
)

const (
	// pragmaQuick reads the whole file: about 72 ms for 300,000 sessions. https://sqlite.org/pragma.html#pragma_quick_check
	pragmaQuick = "quick_check"
	// pragmaIntegrity also checks every index.
	pragmaIntegrity = "integrity_check"

	// mostFaults is how many messages are read to find one that concerns chatme.
	mostFaults = 1000

	// sqlLoose counts the rows with dangling references, which integrity_check does not check.
	sqlLoose   = `SELECT count(*) FROM pragma_foreign_key_check`
	sqlLooseOf = `SELECT count(*) FROM pragma_foreign_key_check(?1)`
)

// quickCheck checks every page of the database at path, but not the order in its indexes.
func quickCheck(ctx context.Context, db *sql.DB, path string) error {
	_, err := checkWhole(ctx, db, path, pragmaQuick)
	return err
}

// integrityCheck is quickCheck with the indexes, and the references between rows of chatme's tables.
func integrityCheck(ctx context.Context, db *sql.DB, path string) error {
	_, err := checkIntegrity(ctx, db, path)
	return err
}

func checkIntegrity(ctx context.Context, db *sql.DB, path string) (aside string, err error) {
	if aside, err = checkWhole(ctx, db, path, pragmaIntegrity); err != nil {
		return "", err
	}
	var loose int64
	err = db.QueryRowContext(ctx, sqlLoose).Scan(&loose)
	switch {
	case err == nil && loose == 0:
		return aside, nil
	case err != nil && dbfile.ResultCode(err) != sqlite3.SQLITE_ERROR: // for example, a reference to a table that does not exist
		return "", dbfile.ExplainRead("check", path, err)
	}
	f, err := foreignersIn(ctx, db, path)
	if err != nil {
		return "", err
	}
	for _, table := range f.tables() {
		if err := db.QueryRowContext(ctx, sqlLooseOf, table).Scan(&loose); err != nil {
			return "", dbfile.ExplainRead("check", path, err)
		}
		if loose != 0 {
			return "", damaged(path, fmt.Sprintf("%d rows with dangling references", loose))
		}
	}
	return aside, nil
}

// checkWhole runs a pragma over the whole database. Faults in the content of other programs' tables are returned in
// aside: they do not concern chatme, and only the operator can know whether they are intended.
func checkWhole(ctx context.Context, db *sql.DB, path, pragma string) (aside string, err error) {
	messages, err := readCheck(ctx, db, pragma, "1")
	switch {
	case err == nil && messages[0] == "ok":
		return "", nil
	case err != nil && dbfile.ResultCode(err) != sqlite3.SQLITE_ERROR: // for example, a function that only another program has
		return "", dbfile.ExplainRead("check", path, err)
	}
	f, e := foreignersIn(ctx, db, path)
	if e != nil {
		return "", e
	}
	if err != nil {
		return err.Error(), f.checkOurs(ctx, db, path, pragma)
	}
	if !f.concerns(messages[0]) {
		return "", damaged(path, messages[0])
	}
	all, err := readCheck(ctx, db, pragma, fmt.Sprint(mostFaults))
	if err != nil {
		return "", dbfile.ExplainRead("check", path, err)
	}
	for _, message := range all {
		if !f.concerns(message) {
			return "", damaged(path, message)
		}
	}
	if len(all) == mostFaults {
		err = f.checkOurs(ctx, db, path, pragma)
	}
	return messages[0], err
}

// checkOurs runs a pragma over each of chatme's tables.
func (f foreigners) checkOurs(ctx context.Context, db *sql.DB, path, pragma string) error {
	for _, table := range f.tables() {
		messages, err := readCheck(ctx, db, pragma, table)
		if err != nil {
			return dbfile.ExplainRead("check", path, err)
		}
		if messages[0] != "ok" {
			return damaged(path, messages[0])
		}
	}
	return nil
}

// readCheck returns the messages of a pragma about a table or, given a number, at most that many about all.
func readCheck(ctx context.Context, db *sql.DB, pragma, of string) (messages []string, err error) {
	rows, err := db.QueryContext(ctx, "PRAGMA "+pragma+"("+of+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var message string
		if err := rows.Scan(&message); err != nil {
			return nil, err
		}
		messages = append(messages, message)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if messages == nil {
		return nil, fmt.Errorf("PRAGMA %s returned nothing", pragma)
	}
	return messages, nil
}

// foreignersIn returns what is not chatme's in the database at path.
func foreignersIn(ctx context.Context, db *sql.DB, path string) (f foreigners, err error) {
	plan, err := newPlan(migrations.FS)
	if err != nil {
		return f, err
	}
	version, err := identify(ctx, db, path, plan.latest())
	if err != nil || version == 0 {
		return f, err
	}
	if f.ours, err = plan.objects(ctx, version); err != nil {
		return f, dbfile.Explain("read migrations for", path, err)
	}
	return f, nil
}

// damaged returns the error for a fault that a check has found.
func damaged(path, how string) error {
	return &dbfile.Error{What: fmt.Sprintf("check %s: damaged: %s", path, how), Todo: dbfile.RestoreBackup, Code: exit.BadDatabase, Damaged: true}
}
