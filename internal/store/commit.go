package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
)

// sqlRemove deletes one record.
const sqlRemove = `DELETE FROM sessions WHERE id = ?1`

// Commit seals the messages of a batch, writes the batch in one transaction and returns nil once it is on disk. A
// Transient error means that nothing was written and that the same batch may be committed again; after any other error
// the outcome is unknown, and the process must end with the error's exit code. Deleting a row that does not exist is not
// an error; a message to a session that the same batch deletes is deleted too. An empty batch does nothing.
func (s *Store) Commit(b *chat.Batch) error {
	if b.Empty() {
		return nil
	}
	// Before BEGIN, so that the write lock is not held during the computation.
	entries, err := s.sealEntries(b)
	if err != nil {
		return err
	}
	boot := s.thisBoot()
	err = s.inCountedTx(func(tx *sql.Tx) error {
		if err := s.applyChanges(tx, boot, b.Changes); err != nil {
			return err
		}
		return s.applyMail(tx, entries, b.MailAcks)
	})
	err = dbfile.ExplainCommit(fmt.Sprintf("commit %d rows, %d messages and %d acknowledgments to",
		len(b.Changes), len(b.Entries), len(b.MailAcks)), s.path, err)
	if e, ok := err.(*dbfile.Error); ok && e.Transient() {
		s.sealing.keep(entries)
	}
	s.wal.look(s.log)
	return err
}

// applyChanges deletes first, so that the unique values of a deleted row are free for the others.
func (s *Store) applyChanges(tx *sql.Tx, boot int64, changes []chat.Change) error {
	ctx := context.Background()
	upsert, remove := tx.StmtContext(ctx, s.upsert), tx.StmtContext(ctx, s.remove)
	for i := range changes {
		if c := &changes[i]; c.Deleted {
			if _, err := remove.ExecContext(ctx, int64(c.ID)); err != nil {
				return fmt.Errorf("delete session %d: %w", c.ID, err)
			}
		}
	}
	for i := range changes {
		c := &changes[i]
		if c.Deleted {
			continue
		}
		result, err := upsert.ExecContext(ctx, columns(&c.Record, boot)...)
		if err != nil {
			return fmt.Errorf("write session %d: %w", c.ID, err)
		}
		if n, err := result.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, fmt.Errorf("write session %d: the row has another hash", c.ID))
		}
	}
	return nil
}

// inTx runs f in one IMMEDIATE transaction of the writer. When it returns an error, the transaction has been rolled
// back, unless COMMIT itself failed for an unknown reason.
func (s *Store) inTx(f func(tx *sql.Tx) error) error {
	tx, err := s.writer.BeginTx(context.Background(), nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(tx); err != nil {
		rollback(tx)
		return err
	}
	// When COMMIT fails and leaves the transaction open, the driver rolls it back.
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// rollback ends tx. It fails only when SQLite has rolled back by itself, as it does on a full disk
// (https://sqlite.org/lang_transaction.html, section 3); if it ever failed otherwise the next BEGIN would report it.
func rollback(tx *sql.Tx) { _ = tx.Rollback() }
