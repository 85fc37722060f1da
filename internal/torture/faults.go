package torture

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"chatme/internal/pace"
	"chatme/internal/spawn"
	"chatme/internal/store"
	"chatme/internal/torture/checker"
)

// The faults beside the kill, as --faults names them.
const (
	faultStop      = "stop"      // the server stands still for seconds
	faultLock      = "lock"      // another program holds the write lock of its database
	faultSlow      = "slow"      // some clients read slowly, and pause
	faultPhoto     = "photo"     // some messages are large
	faultLatency   = "latency"   // some clients are behind slow links
	faultGhost     = "ghost"     // a client comes back while its former socket is open, or vanishes without a word
	faultHaste     = "haste"     // old clients press Next and write on before they are answered
	faultHibernate = "hibernate" // some clients do nothing for so long that they are put to rest
)

// allFaults is every fault, tameFaults those that a server elsewhere can be given.
var (
	allFaults  = []string{faultStop, faultLock, faultSlow, faultPhoto, faultLatency, faultGhost, faultHaste, faultHibernate}
	tameFaults = []string{faultSlow, faultPhoto, faultGhost, faultHaste}
)

// checkFaults says what is wrong with a list of faults.
func checkFaults(names, known []string) error {
	for _, name := range names {
		if !slices.Contains(known, name) && (name != "none" || len(names) > 1) {
			return fmt.Errorf("--faults: %q is unknown here; want some of %s, or none", name, strings.Join(known, ","))
		}
	}
	return nil
}

// injects reports whether a fault is among those of this run.
func (t *torture) injects(fault string) bool { return slices.Contains(t.cmd.Faults, fault) }

const (
	// plagueEvery: of so many kills in a row, one comes after a stop, one after a lock, and one after a while.
	plagueEvery = 12
	// longWork is that while: what a slow client brings about takes longer than there is between two kills.
	longWork = 3 * time.Second
)

// plague injects what the server is to suffer before a kill, if anything. It may last until after the kill; over ends it.
func (t *torture) plague(ctx context.Context, v *spawn.Server, kill int) (over func(), err error) {
	if kill%plagueEvery == 0 {
		t.turns = t.chance.Perm(plagueEvery)
	}
	switch turn := t.turns[kill%plagueEvery]; {
	case turn == 0 && t.injects(faultStop):
		return t.halt(ctx, v)
	case turn == 1 && t.injects(faultLock):
		return t.hold(ctx, v)
	case turn == 2 && (t.injects(faultSlow) || t.injects(faultLatency)) && !pace.Pause(ctx, longWork):
		return func() {}, ctx.Err()
	}
	return func() {}, nil
}

// haltTime is for how long a server stands still: less or more than the time by which it settles an old client that never answers, and
// sometimes nearly as long as a client may be silent.
func (t *torture) haltTime() time.Duration {
	least, most := 500*time.Millisecond, tortureSettle
	switch dice := t.chance.IntN(20); {
	case dice == 0:
		least, most = 9*time.Second, 11*time.Second
	case dice < 11:
		least, most = most, 6*time.Second
	}
	return least + time.Duration(t.chance.Int64N(int64(most-least)))
}

// afterHalt is for how long a server that stood still is not killed.
const afterHalt = 500 * time.Millisecond

// halt stops the process of the server for a while. Now and then it is killed while it stands still.
func (t *torture) halt(ctx context.Context, v *spawn.Server) (over func(), err error) {
	over = func() {}
	process := v.Now.Cmd.Process
	t.fault(checker.Stopped)
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		return over, fmt.Errorf("stop the server's process: %w", err)
	}
	t.stops++
	wake := func() {
		process.Signal(syscall.SIGCONT) // an error says that it is gone
		t.fault(checker.Continued)
	}
	if !pace.Pause(ctx, t.haltTime()) {
		wake()
		return over, ctx.Err()
	}
	if t.chance.IntN(8) == 0 {
		return over, nil
	}
	wake()
	if !pace.Pause(ctx, afterHalt) { // what lay unread has its effect
		return over, ctx.Err()
	}
	return over, nil
}

// holdTime is for how long the write lock is held: sometimes for longer than the server waits for it in one attempt.
func (t *torture) holdTime() time.Duration {
	if t.chance.IntN(10) == 0 {
		return store.DefaultBusyTimeout + 500*time.Millisecond
	}
	return 200*time.Millisecond + time.Duration(t.chance.Int64N(t.chance.Int64N(int64(3800*time.Millisecond))+1)) // often short
}

// hold takes the write lock of the server's database for a while. Now and then the server is killed meanwhile, and over is what
// gives the lock back before the next one starts.
func (t *torture) hold(ctx context.Context, v *spawn.Server) (over func(), err error) {
	over = func() {}
	t.fault(checker.Locked)
	locked, err := lockDatabase(ctx, v.Database())
	if err != nil {
		t.fault(checker.Unlocked)
		return over, err
	}
	t.locks++
	release := func() {
		locked.release()
		t.fault(checker.Unlocked)
	}
	if !pace.Pause(ctx, t.holdTime()) {
		release()
		locked.close()
		return over, ctx.Err()
	}
	if t.chance.IntN(4) == 0 {
		return func() { release(); locked.close() }, nil
	}
	release()
	locked.close()
	return over, nil
}

// writeLock is a transaction of this process in a server's database.
type writeLock struct {
	db *sql.DB
	tx *sql.Tx
}

// lockWithin bounds how long the lock is waited for: a server holds it for one commit.
const lockWithin = 5 * time.Second

// lockDatabase begins a transaction that writes, as a sqlite3 shell does with BEGIN IMMEDIATE. The database MUST be another
// process's: two handles of one process on one file give up each other's locks.
func lockDatabase(ctx context.Context, path string) (*writeLock, error) {
	q := url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_busy_timeout": {fmt.Sprint(pace.Of(lockWithin).Milliseconds())}}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open the database to lock it: %w", err)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the database: %w", err), db.Close())
	}
	return &writeLock{db, tx}, nil
}

// release gives the lock back. Nothing was written.
func (l *writeLock) release() { _ = l.tx.Rollback() }

// close ends the connection.
func (l *writeLock) close() { l.db.Close() }
