package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"

	"chatme/internal/chat"
)

// Boot describes a start of the server.
type Boot struct {
	Version string    // of the program
	Commit  string    // of its source
	At      chat.Time // the moment of the start
}

// Started is what a start was given.
type Started struct {
	Boot  uint64 // 1, 2, 3…: the upper half of every number the lobby gives in this run
	Epoch string // 32 hexadecimal digits: which life of the database this is, the same at every start
}

const (
	sqlLastBoot = `SELECT boot, epoch FROM boots ORDER BY boot DESC LIMIT 1`

	sqlBegin = `
		INSERT INTO boots (boot, started_at, version, commit_hash, schema, epoch)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6)`

	// sqlAllAway touches those that were attached when the server ended without saying so.
	sqlAllAway = `UPDATE sessions SET away_since = ?1 WHERE away_since IS NULL`

	sqlEnd = `UPDATE boots SET stopped_at = ?1, reason = ?2 WHERE boot = ?3`
)

// Begin records that the server starts and, in the same transaction, that every session is away. It must be
// called once, before Load. The error has an exit code like those of Open; ctx only keeps it from starting.
func (s *Store) Begin(ctx context.Context, b Boot) (Started, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return Started{}, explain("begin on", s.path, err)
	}
	if s.boot != 0 {
		return Started{}, &Error{what: "begin on " + s.path + ": it has begun already", code: exitFailure}
	}
	var started Started
	err := s.inTx(func(tx *sql.Tx) (err error) {
		started, err = s.begin(tx, b)
		return err
	})
	if err != nil {
		return Started{}, explain("begin on", s.path, err)
	}
	s.boot = int64(started.Boot)
	return started, nil
}

func (s *Store) begin(tx *sql.Tx, b Boot) (Started, error) {
	var started Started
	switch err := tx.QueryRow(sqlLastBoot).Scan(&started.Boot, &started.Epoch); {
	case errors.Is(err, sql.ErrNoRows):
		started.Epoch = newEpoch()
	case err != nil:
		return Started{}, err
	}
	started.Boot++
	_, err := tx.Exec(sqlBegin, int64(started.Boot), int64(b.At), b.Version, b.Commit, s.schema, started.Epoch)
	if err != nil {
		return Started{}, err
	}
	_, err = tx.Exec(sqlAllAway, int64(b.At))
	return started, err
}

// newEpoch returns 128 random bits in hexadecimal.
func newEpoch() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// End records when and why this run of the server ended. A run without it was killed. Its errors are those of
// Commit.
func (s *Store) End(reason string, at chat.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.boot == 0 {
		return &Error{what: "end on " + s.path + ": it has not begun", code: exitFailure}
	}
	err := s.inTx(func(tx *sql.Tx) error {
		_, err := tx.Exec(sqlEnd, int64(at), reason, s.boot)
		return err
	})
	return explainCommit("end on", s.path, err)
}
