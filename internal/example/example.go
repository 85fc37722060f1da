// Package example writes the example database, chatme.db.example.
package example

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/jmoiron/sqlx"

	"chatme/internal/chat"
	"chatme/internal/cli"
	"chatme/internal/exit"
	"chatme/internal/secret"
	"chatme/internal/store"
)

// Cmd makes chatme.db.example: a small database to explore, the same each time.
type Cmd struct {
	File string `arg:"" help:"The file to write; an existing file is replaced."`
}

// Run writes the file.
func (c *Cmd) Run(p *cli.Program) error { return Write(p.Ctx, c.File) }

// Write builds the example in a scratch directory next to target and renames the copy, so that target is either the
// old file or the new one.
func Write(ctx context.Context, target string) (err error) {
	dir, err := os.MkdirTemp(filepath.Dir(target), ".example-*")
	if err != nil {
		return exit.WithCode(exit.NotWritable, fmt.Errorf("write %s: %w", target, err))
	}
	defer os.RemoveAll(dir)
	scratch, whole := filepath.Join(dir, "scratch.db"), filepath.Join(dir, "whole.db")
	for _, run := range exampleRuns() {
		if err := run.write(ctx, scratch); err != nil {
			return err
		}
	}
	if err := fixChance(ctx, scratch); err != nil {
		return fmt.Errorf("write %s: %w", target, err)
	}
	db, err := store.Open(ctx, store.Config{Path: scratch})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Snapshot(ctx, whole); err != nil {
		return err
	}
	if err := os.Rename(whole, target); err != nil {
		return exit.WithCode(exit.NotWritable, fmt.Errorf("write %s: %w", target, err))
	}
	return nil
}

// exampleRun is one run of a server, and the rows it left.
type exampleRun struct {
	boot    store.Boot
	rows    []chat.Change
	mail    []chat.MailEntry
	stopped chat.Time // 0: still running
}

func (r *exampleRun) write(ctx context.Context, path string) error {
	db, err := store.Open(ctx, store.Config{Path: path})
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Begin(ctx, r.boot); err != nil {
		return err
	}
	for i := range r.rows {
		if row := &r.rows[i]; row.Resumable {
			row.MailKey = secret.MailKey(exampleID(row.ID))
		}
	}
	for i := range r.mail {
		r.mail[i].Key = secret.MailKey(exampleID(r.mail[i].To))
	}
	if err := db.Commit(&chat.Batch{Changes: r.rows, Entries: r.mail}); err != nil {
		return err
	}
	if r.stopped != 0 {
		if err := db.End("signal", r.stopped); err != nil {
			return err
		}
	}
	return db.Close()
}

const (
	// Fixed values for everything in a database that is random or comes from the clock. A body is sealed differently each
	// time; here it is replaced with the same number of bytes, which nothing can open.
	sqlFixEpoch      = `UPDATE boots SET epoch = ?1`
	sqlFixMigratedAt = `UPDATE goose_db_version SET tstamp = ?1`
	sqlSealed        = `SELECT recipient, n, length(body) AS length FROM mailbox WHERE body IS NOT NULL ORDER BY recipient, n`
	sqlFixSealed     = `UPDATE mailbox SET body = ?3 WHERE recipient = ?1 AND n = ?2`

	exampleEpoch    = "0123456789abcdef0123456789abcdef"
	exampleMigrated = "2026-03-01 08:00:00"
)

// fixChance replaces the values in the scratch database that would differ from run to run. Nothing else has it open.
func fixChance(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, sqlFixEpoch, exampleEpoch); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, sqlFixMigratedAt, exampleMigrated); err != nil {
		return err
	}
	if err := fixSealed(ctx, db); err != nil {
		return err
	}
	return db.Close()
}

func fixSealed(ctx context.Context, db *sql.DB) error {
	var sealed []struct{ Recipient, N, Length int64 }
	if err := sqlx.NewDb(db, "sqlite").SelectContext(ctx, &sealed, sqlSealed); err != nil {
		return err
	}
	noise := rand.NewChaCha8(sha256.Sum256([]byte(exampleEpoch)))
	for _, m := range sealed {
		body := make([]byte, m.Length)
		noise.Read(body) // never fails
		if _, err := db.ExecContext(ctx, sqlFixSealed, m.Recipient, m.N, body); err != nil {
			return err
		}
	}
	return nil
}

// exampleTime is a moment on the day of the example, 1 March 2026, UTC.
func exampleTime(hour, minute, second int) chat.Time {
	return chat.Time(time.Date(2026, time.March, 1, hour, minute, second, 0, time.UTC).UnixMilli())
}

// exampleRuns returns the content: a run that was shut down in order and left two sessions only on disk, one of them with
// the tail of a chat, and a current run with two chats, three waiting sessions, and mail for the one that is away.
func exampleRuns() []exampleRun {
	at := exampleTime

	resting := exampleSession(1, 1, at(8, 5, 0))
	resting.AwaySince = at(9, 30, 0)
	ended := exampleSession(1, 2, at(8, 6, 0))
	ended.AwaySince, ended.EndedAt = at(10, 0, 0), at(10, 0, 0)

	a, b := exampleSession(2, 1, at(20, 1, 0)), exampleSession(2, 2, at(20, 2, 0))
	examplePair(1, at(20, 2, 30), &a, &b)
	c, d := exampleSession(2, 3, at(20, 3, 0)), exampleSession(2, 4, at(20, 4, 0))
	examplePair(2, at(20, 4, 5), &c, &d)
	c.AwaySince = at(20, 12, 30)
	d.Resumable = false // so the chat waits only 30 s for c

	// The two connected sessions have just left each other; otherwise they would be matched.
	first, second := exampleSession(2, 5, at(20, 5, 0)), exampleSession(2, 6, at(20, 6, 0))
	first.Place, first.QueuedAt = exampleNumber(2, 1), at(20, 12, 40)
	second.Place, second.QueuedAt = exampleNumber(2, 2), at(20, 12, 40)
	second.Resumable = false
	third := exampleSession(2, 7, at(20, 7, 0))
	third.Place, third.QueuedAt = exampleNumber(2, 3), at(20, 12, 41)
	third.AwaySince = at(20, 12, 45)

	return []exampleRun{{
		boot: store.Boot{Version: "v0.1.0", Commit: "example", At: at(8, 0, 0)},
		rows: exampleRows(resting, ended), stopped: at(20, 0, 0),
		mail: exampleMail(resting, exampleNumber(1, 1), exampleAlias(1, 1), at(9, 31, 0), "are you there?"),
	}, {
		boot: store.Boot{Version: "v0.1.0", Commit: "example", At: at(20, 0, 2)},
		rows: exampleRows(a, b, c, d, first, second, third),
		mail: exampleMail(c, uint64(c.Pair), d.Alias, at(20, 12, 35), "hello?", "", "come back soon"),
	}}
}

// exampleNumber returns the nth number that the lobby assigns in a run.
func exampleNumber(boot, n uint64) uint64 { return boot<<32 | n }

func exampleSession(boot, n uint64, created chat.Time) chat.Record {
	return chat.Record{
		ID: chat.ID(exampleNumber(boot, n)), Hash: secret.HashOf(exampleID(chat.ID(exampleNumber(boot, n)))),
		Resumable: true, CreatedAt: created,
	}
}

// exampleID returns a stand-in for the secret session ID.
func exampleID(id chat.ID) string { return fmt.Sprintf("example session %d-%d", id>>32, uint32(id)) }

func exampleAlias(n uint64, side int) chat.Alias {
	return chat.Alias(fmt.Sprintf("%08d-0000-4000-8000-%012d", n, side))
}

func examplePair(n uint64, at chat.Time, sides ...*chat.Record) {
	for i, s := range sides {
		s.Pair, s.Side, s.MatchedAt = chat.PairID(exampleNumber(2, n)), uint8(i), at
		s.Alias = exampleAlias(n, i)
	}
}

// exampleMail returns messages to a session that is away, a second apart; an empty text is a gap.
func exampleMail(to chat.Record, pair uint64, from chat.Alias, at chat.Time, texts ...string) []chat.MailEntry {
	entries := make([]chat.MailEntry, len(texts))
	for i, text := range texts {
		entries[i] = chat.MailEntry{
			To: to.ID, Pair: chat.PairID(pair), From: from, N: uint64(i + 1), At: at.Add(time.Duration(i) * time.Second), Text: text,
		}
	}
	return entries
}

func exampleRows(records ...chat.Record) []chat.Change {
	changes := make([]chat.Change, len(records))
	for i, r := range records {
		changes[i].Record = r
	}
	return changes
}
