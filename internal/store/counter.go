package store

import (
	"database/sql"
	"log/slog"
	"sync"
	"time"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// counterPace is the minimum time between two commits that raise the counter. If a copy that lacks only the changes
// within this time is copied over the database, it is not noticed.
const counterPace = time.Second

// sqlRaise adds one to the stored value, so that a retried batch does not count twice.
const sqlRaise = `UPDATE boots SET counter = counter + 1 WHERE boot = ?1 RETURNING counter`

// counter numbers the states of one start, in its row and in the witness. It rises in the row first: the witness is
// written ONLY AFTER the COMMIT is on disk, or a kill between the two would make a healthy database look like a copy.
type counter struct {
	clock func() time.Duration // monotonic; static

	mu      sync.Mutex    // held from before BEGIN until the witness is written
	witness witness       // its intended content; boot 0: not begun, so nothing is counted
	next    time.Duration // no commit before this raises the counter
	failing bool          // the last attempt to write the witness failed
}

// newCounter returns a counter that the first commit raises.
func newCounter() counter {
	start := time.Now()
	return counter{clock: func() time.Duration { return time.Since(start) }}
}

// counts reports whether the start has begun and not ended. The caller holds mu.
func (c *counter) counts() bool { return c.witness.boot != 0 && !c.witness.stopped }

// inCountedTx is inTx, and raises the counter within the transaction, at most once a second.
func (s *Store) inCountedTx(f func(tx *sql.Tx) error) error {
	c := &s.counter
	c.mu.Lock()
	if !c.counts() || c.clock() < c.next {
		c.mu.Unlock()
		return s.inTx(f)
	}
	defer c.mu.Unlock()
	if err := s.raise(f); err != nil {
		return err
	}
	// Not durable: a witness that is behind after a power cut only fails to notice a copy. A sync would delay the
	// commits.
	err := c.witness.renew(s.path + witnessSuffix)
	switch {
	case err != nil && !c.failing:
		s.log.Warn("writing the witness failed, retrying with the next commit; until then, an older copy put over the database is not detected",
			slog.Any("error", err))
	case err == nil && c.failing:
		s.log.Info("witness written again")
	}
	c.failing = err != nil
	return nil
}

// raise runs f in a transaction that raises the counter. The caller holds mu, and writes the witness.
func (s *Store) raise(f func(tx *sql.Tx) error) error {
	c := &s.counter
	var n int64
	err := s.inTx(func(tx *sql.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return tx.QueryRow(sqlRaise, int64(c.witness.boot)).Scan(&n)
	})
	if err != nil {
		return err
	}
	c.witness.counter, c.next = n, c.clock()+counterPace
	return nil
}

// Advance raises the counter in its own commit, so that a copy made before it is noticed if it is put over the database.
// When Advance returns nil both the row and the witness are on disk. A Transient error means that the witness, or both,
// are unchanged and the call may be repeated; any other error is like one of Commit.
func (s *Store) Advance() error {
	c := &s.counter
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.counts() {
		return &dbfile.Error{What: "advance " + s.path + ": it has not begun, or has ended", Code: exit.Failure, Retry: true}
	}
	if err := s.raise(func(*sql.Tx) error { return nil }); err != nil {
		return dbfile.ExplainCommit("advance", s.path, err)
	}
	err := c.witness.write(s.path + witnessSuffix)
	if e, ok := err.(*dbfile.Error); ok {
		e.Retry = true // the commit is on disk: only the witness must be retried
	}
	return err
}
