// Package migrations holds the schema of the database, embedded: one file a step, NNNN_name.sql, forward only.
//
// A file that has been released is NEVER edited; the next change is the next file. Each runs in one transaction
// with the row that records it, so a database has either all of a step or nothing of it. The views must run on
// SQLite 3.40, which operators have; the tables must be readable by it.
package migrations

import "embed"

// FS holds the steps.
//
//go:embed *.sql
var FS embed.FS
