package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"chatme/internal/pace"
	"chatme/internal/recovery"
	"chatme/internal/spawn"
	"chatme/internal/store"
	"chatme/internal/torture/checker"
)

const (
	// replicatedAfter is the sum of Litestream's intervals. replicatedWithin limits how long it may take to write the
	// first data of a restored database.
	replicatedAfter  = 2 * time.Second
	replicatedWithin = 20 * time.Second
	// timePerRestore is timePerKill plus the above and the restore.
	timePerRestore = 15 * time.Second
)

// restoreFigures summarizes the restores of the replica.
type restoreFigures struct {
	Restores   int     `json:"restores"`
	Bad        int     `json:"bad"` // refused, damaged, from an earlier life, or not noticed by the server
	Undone     int     `json:"undone"`
	LostMedian float64 `json:"lost_s_median"` // seconds between the newest change in the replica and the newest in the database
	LostMost   float64 `json:"lost_s_max"`
	TookMedian float64 `json:"restore_s_median"`
	TookMost   float64 `json:"restore_s_max"`
}

// restorer runs Litestream on a server's database, and replaces the database with the replica.
type restorer struct {
	*torture
	v       *spawn.Server
	replica *recovery.Replica
	dir     string // of the replica
	config  string // of Litestream
	log     *os.File
	now     *exec.Cmd     // Litestream; nil before its first start
	epoch   string        // of the running server
	exited  chan struct{} // closed once it has exited
	bad     int
	lost    []time.Duration
	took    []time.Duration
}

// restoreAll kills the server and Litestream the requested number of times, and continues from the replica each time.
func (t *torture) restoreAll(ctx context.Context, v *spawn.Server) error {
	r := &restorer{torture: t, v: v, dir: filepath.Join(v.Dir, "replica"), config: filepath.Join(v.Dir, "litestream.yml")}
	var err error
	flags := recovery.LitestreamFlags{Litestream: t.cmd.Litestream}
	if r.replica, err = flags.Replica("file://"+r.dir, v.Database(), os.Environ()); err != nil {
		return err
	}
	config := fmt.Sprintf("dbs:\n  - path: %s\n    replica:\n      path: %s\n", v.Database(), r.dir)
	if err := os.WriteFile(r.config, []byte(config), 0o600); err != nil {
		return err
	}
	if r.log, err = os.Create(filepath.Join(v.Dir, "litestream.log")); err != nil {
		return err
	}
	defer r.log.Close()
	defer r.kill()
	err = r.rounds(ctx)
	t.figures = r.sum()
	return err
}

func (r *restorer) rounds(ctx context.Context) error {
	bound := r.cmd.Duration
	if bound == 0 {
		bound = pace.Of(time.Duration(r.cmd.Kills)*timePerRestore + timeAround)
	}
	deadline := time.Now().Add(bound)
	if err := r.replicate(); err != nil {
		return err
	}
	for n := 0; n < r.cmd.Kills && time.Now().Before(deadline); n++ {
		if err := r.awaitReplica(ctx); err != nil {
			return err
		}
		if err := r.awaitMoment(ctx, n == 0); err != nil {
			return err
		}
		if err := r.round(ctx); err != nil {
			return err
		}
		if done := n + 1; done%max(r.cmd.Kills/10, 1) == 0 {
			fmt.Fprintf(r.torture.log, "%d of %d restores done, %d bad\n", done, r.cmd.Kills, r.bad)
		}
	}
	return nil
}

// round kills both, restores the replica, and starts both.
func (r *restorer) round(ctx context.Context) error {
	if r.v.Died() {
		return fmt.Errorf("the server ended unexpectedly: %s", r.v.Now.Words)
	}
	select {
	case <-r.exited:
		return errors.New("litestream ended unexpectedly; use --keep to keep its log")
	default:
	}
	first, second := r.kill, func() { r.fault(checker.Killed); r.v.Kill() }
	if r.chance.IntN(2) == 0 {
		first, second = second, first
	}
	first()
	pace.Pause(ctx, time.Duration(r.chance.IntN(50))*time.Millisecond)
	second()
	copied, err := r.putBack(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		r.isBad(err)
	default:
		r.fault(checker.Restored)
	}
	if errStart := r.v.Start(ctx); errStart != nil {
		return errStart
	}
	r.fault(checker.Listening)
	if errStart := r.replicate(); errStart != nil {
		return errStart
	}
	if err == nil && r.epoch == copied.Epoch {
		r.isBad(errors.New("the server did not notice that the database was restored"))
	}
	return nil
}

// putBack replaces the database with the replica.
func (r *restorer) putBack(ctx context.Context) (store.Restored, error) {
	live, err := store.Look(ctx, r.v.Database())
	if err != nil {
		return store.Restored{}, fmt.Errorf("inspect the database of the killed server: %w", err)
	}
	began := time.Now()
	done, err := store.Restore(ctx, store.RestoreConfig{Path: r.v.Database(), Source: r.dir, Replace: true, Fetch: r.replica.Restore})
	if err != nil {
		return done, err
	}
	r.took = append(r.took, time.Since(began))
	r.lost = append(r.lost, max(live.Newest.UTC().Sub(done.Newest.UTC()), 0))
	if done.Epoch != live.Epoch {
		r.isBad(fmt.Errorf("the replica is from an earlier life of the database: it has %d starts, the database had %d", done.Boots, live.Boots))
	}
	return done, nil
}

func (r *restorer) isBad(why error) {
	r.bad++
	fmt.Fprintf(r.torture.log, "bad restore: %v\n", why)
}

// awaitReplica waits until this life of the database has reached the replica. Litestream first writes what remains of
// the previous one.
func (r *restorer) awaitReplica(ctx context.Context) error {
	for began := time.Now(); ; {
		if !pace.Pause(ctx, replicatedAfter) {
			return ctx.Err()
		}
		switch there, err := r.replicated(ctx); {
		case err != nil, there:
			return err
		case time.Since(began) > pace.Of(replicatedWithin):
			return fmt.Errorf("nothing of this life of the database is in the replica %v after its start", time.Since(began).Round(time.Second))
		}
	}
}

// replicated reports whether the replica is from the life of the database that is being served.
func (r *restorer) replicated(ctx context.Context) (bool, error) {
	dir, err := os.MkdirTemp(r.v.Dir, "look-*")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	copied := filepath.Join(dir, "copy.db")
	if err := r.replica.Restore(ctx, copied); err != nil {
		return false, nil // there is no replica yet
	}
	found, err := store.Look(ctx, copied)
	return found.Epoch == r.epoch, err
}

// replicate starts Litestream.
func (r *restorer) replicate() error {
	now, err := store.Look(context.Background(), r.v.Database())
	if err != nil {
		return err
	}
	r.epoch = now.Epoch
	r.now = exec.Command(r.replica.Binary, "replicate", "-config", r.config)
	r.now.Stdout, r.now.Stderr = r.log, r.log
	r.now.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that everything it starts ends with it
	if err := r.now.Start(); err != nil {
		return fmt.Errorf("start litestream: %w", err)
	}
	r.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		cmd.Wait()
		close(exited)
	}(r.now, r.exited)
	return nil
}

// kill ends Litestream as a power cut would.
func (r *restorer) kill() {
	if r.now == nil {
		return
	}
	syscall.Kill(-r.now.Process.Pid, syscall.SIGKILL) // an error means that it has exited
	<-r.exited
	r.now = nil
}

// sum returns the totals of all rounds.
func (r *restorer) sum() *restoreFigures {
	f := &restoreFigures{Restores: len(r.took), Bad: r.bad}
	f.LostMedian, f.LostMost = medianAndMost(r.lost)
	f.TookMedian, f.TookMost = medianAndMost(r.took)
	return f
}

// medianAndMost returns seconds, to the millisecond; 0 if there are none.
func medianAndMost(all []time.Duration) (median, most float64) {
	if len(all) == 0 {
		return 0, 0
	}
	all = slices.Sorted(slices.Values(all))
	seconds := func(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
	return seconds(all[len(all)/2]), seconds(all[len(all)-1])
}
