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

// The faults besides kills, as --faults names them.
const (
	faultStop      = "stop"      // the server is paused for seconds
	faultLock      = "lock"      // another program holds the write lock of its database
	faultSlow      = "slow"      // some clients read slowly and pause
	faultPhoto     = "photo"     // some messages are large
	faultLatency   = "latency"   // some clients use slow links
	faultGhost     = "ghost"     // a client reconnects while its previous socket is open, or vanishes without closing
	faultHaste     = "haste"     // legacy clients press Next and keep sending before the answer
	faultHibernate = "hibernate" // some clients idle until they are hibernated
)

// allFaults is every fault; tameFaults are those that work with a server at --url.
var (
	allFaults  = []string{faultStop, faultLock, faultSlow, faultPhoto, faultLatency, faultGhost, faultHaste, faultHibernate}
	tameFaults = []string{faultSlow, faultPhoto, faultGhost, faultHaste}
)

// checkFaults returns an error if a name in the list of faults is unknown.
func checkFaults(names, known []string) error {
	for _, name := range names {
		if !slices.Contains(known, name) && (name != "none" || len(names) > 1) {
			return fmt.Errorf("--faults: unknown fault %q; use any of %s, or none", name, strings.Join(known, ","))
		}
	}
	return nil
}

// injects reports whether this run injects a fault.
func (t *torture) injects(fault string) bool { return slices.Contains(t.cmd.Faults, fault) }

const (
	// plagueEvery: of this many kills in a row, one follows a pause, one a lock, and one a longer time of work.
	plagueEvery = 12
	// longWork is that time: the effects of a slow client take longer than the time between two kills.
	longWork = 3 * time.Second
)

// plague injects a fault into the server before a kill, if one is due. The fault may last until after the kill; over
// ends it.
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

// haltTime returns how long to pause the server: for less or more than its timeout for settling a silent legacy client,
// and sometimes for almost as long as a client may be silent.
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

// afterHalt is how long a server is left running after a pause before it is killed.
const afterHalt = 500 * time.Millisecond

// halt pauses the server process for a while. Sometimes the server is killed while paused.
func (t *torture) halt(ctx context.Context, v *spawn.Server) (over func(), err error) {
	over = func() {}
	process := v.Now.Cmd.Process
	t.fault(checker.Stopped)
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		return over, fmt.Errorf("pause the server process: %w", err)
	}
	t.stops++
	wake := func() {
		process.Signal(syscall.SIGCONT) // an error means that it has exited
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
	if !pace.Pause(ctx, afterHalt) { // let unread frames take effect
		return over, ctx.Err()
	}
	return over, nil
}

// holdTime returns how long to hold the write lock: sometimes for longer than the server waits for it in one attempt.
func (t *torture) holdTime() time.Duration {
	if t.chance.IntN(10) == 0 {
		return store.DefaultBusyTimeout + 500*time.Millisecond
	}
	return 200*time.Millisecond + time.Duration(t.chance.Int64N(t.chance.Int64N(int64(3800*time.Millisecond))+1)) // often short
}

// hold holds the write lock of the server's database for a while. Sometimes the server is killed meanwhile; over then
// releases the lock before the next server starts.
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

// lockWithin limits the wait for the lock: a server holds it for one commit.
const lockWithin = 5 * time.Second

// lockDatabase begins a write transaction, as a sqlite3 shell does with BEGIN IMMEDIATE. The database MUST belong to
// another process: two handles of one process on one file release each other's locks.
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

// release releases the lock. Nothing was written.
func (l *writeLock) release() { _ = l.tx.Rollback() }

// close closes the connection.
func (l *writeLock) close() { l.db.Close() }
