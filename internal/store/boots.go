package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"log/slog"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// Boot describes a start of the server.
type Boot struct {
	Version string    // of the program
	Commit  string    // of its source
	At      chat.Time // the moment of the start
}

// Started describes a start that Begin recorded.
type Started struct {
	Boot  uint64 // 1, 2, 3…: the upper half of every number the lobby assigns in this run
	Epoch string // 32 hexadecimal digits: the epoch of the database, the same at every start until a restore
	Since uint64 // the first start in this epoch

	// Restored reports whether the database was restored from a backup: the epoch is new, and every chat in it has ended.
	Restored bool
}

const (
	sqlBegin = `
		INSERT INTO boots (boot, started_at, version, commit_hash, schema, epoch)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6)`

	sqlSince = `SELECT min(boot) FROM boots WHERE epoch = ?1`

	// sqlNoOld deletes the legacy clients that were in a chat: they cannot resume, and idle rows are not loaded.
	sqlNoOld = `DELETE FROM sessions WHERE pair IS NOT NULL AND resumable = 0`

	// sqlNoChats ends every chat. It notifies no client: a session learns of the new epoch when it resumes. OR FAIL
	// leaves the rollback to the transaction, so that SQLite need not record what this statement changed.
	sqlNoChats = `
		UPDATE OR FAIL sessions SET pair = NULL, side = NULL, alias = NULL, matched_at = NULL
		WHERE pair IS NOT NULL`

	sqlEnd = `UPDATE boots SET stopped_at = ?1, reason = ?2 WHERE boot = ?3`
)

// Begin records that the server starts. From then on every session that was connected is away; no row is rewritten. A
// database that was restored from a backup gets a new epoch and every chat in it ends; the mailboxes keep their
// messages. Begin must be called once, before Load. The error has an exit code like those of Open; ctx only keeps it
// from starting. If Boot is not 0 beside an error, the start is recorded and End must end it.
func (s *Store) Begin(ctx context.Context, b Boot) (Started, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return Started{}, dbfile.Explain("begin on", s.path, err)
	}
	if s.boot != 0 {
		return Started{}, &dbfile.Error{What: "begin on " + s.path + ": it has already begun", Code: exit.Failure}
	}
	s.counter.mu.Lock()
	defer s.counter.mu.Unlock()
	now, err := sight(s.path)
	if err != nil {
		return Started{}, err
	}
	var started Started
	var restored restoration
	err = s.inTx(func(tx *sql.Tx) (err error) {
		started, restored, err = s.begin(tx, b, now)
		return err
	})
	if err != nil {
		return Started{}, dbfile.Explain("begin on", s.path, err)
	}
	if started.Restored {
		s.log.Warn("database was restored from a backup: new epoch, every chat ended",
			slog.String("why", restored.why), slog.Int64("sessions", restored.sessions))
	}
	// Only now: if the witness were written first, a kill before COMMIT would make the next start doubt the database.
	now.boot, now.marked, now.epoch = started.Boot, true, started.Epoch
	s.boot, s.counter.witness = int64(started.Boot), now // the row exists and can be ended, even if writing the witness fails
	return started, now.write(s.path + witnessSuffix)
}

// restoration is why a database is considered restored, and how many sessions were in a chat.
type restoration struct {
	why      string
	sessions int64
}

// begin is the transaction of Begin; now is the current state of the file.
func (s *Store) begin(tx *sql.Tx, b Boot, now witness) (started Started, restored restoration, err error) {
	last, why, err := doubt(context.Background(), tx, s.schema, now, s.path+witnessSuffix)
	restored.why = why
	if err != nil {
		return started, restored, err
	}
	started.Boot, started.Epoch = last.boot, last.epoch
	if last.boot == 0 {
		started.Epoch = newEpoch()
	}
	if why != "" {
		started.Epoch, started.Restored = newEpoch(), true
		for _, statement := range []string{sqlNoOld, sqlNoChats} {
			result, err := tx.Exec(statement)
			if err != nil {
				return started, restored, err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return started, restored, err
			}
			restored.sessions += n
		}
	}
	started.Boot++
	_, err = tx.Exec(sqlBegin, int64(started.Boot), int64(b.At), b.Version, b.Commit, s.schema, started.Epoch)
	if err != nil {
		return started, restored, err
	}
	err = tx.QueryRow(sqlSince, started.Epoch).Scan(&started.Since)
	return started, restored, err
}

// thisBoot returns the number of the current start, 0 before Begin.
func (s *Store) thisBoot() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.boot
}

// newEpoch returns 128 random bits in hexadecimal.
func newEpoch() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// End records when and why this run of the server ended, in its row and then in the witness; the counter stops. A run
// without an end was killed. Its errors are those of Commit, and that of a witness that cannot be written.
func (s *Store) End(reason string, at chat.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.boot == 0 {
		return &dbfile.Error{What: "end on " + s.path + ": it has not begun", Code: exit.Failure}
	}
	c := &s.counter
	c.mu.Lock()
	defer c.mu.Unlock()
	err := s.inTx(func(tx *sql.Tx) error {
		_, err := tx.Exec(sqlEnd, int64(at), reason, s.boot)
		return err
	})
	if err != nil {
		return dbfile.ExplainCommit("end on", s.path, err)
	}
	c.witness.stopped = true
	return c.witness.write(s.path + witnessSuffix)
}
