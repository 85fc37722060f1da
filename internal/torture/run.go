package torture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"chatme/internal/pace"
	"chatme/internal/spawn"
	"chatme/internal/torture/checker"
)

const (
	// visitTime is how long clients are at work at a server that is not killed.
	visitTime = 30 * time.Second
	// A kill takes the time to come back and to be at work; it needs a third of this.
	timePerKill = 5 * time.Second
	timeAround  = time.Minute

	// The drain is over when nothing has happened for quietFor; a server that never gets there is judged all the same.
	quietFor    = 2500 * time.Millisecond
	drainWithin = 40 * time.Second

	// calmTime is how long clients are at work after the last kill: what takes seconds to show, shows here only.
	calmTime  = 4 * time.Second
	lookEvery = 50 * time.Millisecond
)

// torture is one run.
type torture struct {
	cmd     *Cmd
	history *checker.Recorder
	limits  checker.Limits
	chance  *rand.Rand // owned by the goroutine that kills
	marker  string     // a word that every message carries
	log     io.Writer  // how far it is, for people

	stalled time.Duration   // the longest that this process stood still; for whoever has called end
	slower  float64         // how many times longer than on an idle machine a round trip took at most; as above
	figures *restoreFigures // of restoreAll; nil without it

	url, key, local string          // what the clients dial; static once they run
	addr            string          // of the server, for links
	life            context.Context // of the clients
	hurry           chan struct{}   // closed when the slow clients are to catch up

	turns                      []int // which fault comes before which of the next kills; owned by the goroutine that kills
	stops, locks               int   // what befell the server; owned by the goroutine that kills
	slow, proxied              int   // clients; static once they run
	photos, ghosts, hibernated atomic.Int64

	clients  []*chatter   // their fields are theirs until they have ended
	present  atomic.Int64 // clients that have a socket and were greeted
	resuming atomic.Int64 // clients that ask for their session and have no answer
	draining atomic.Bool  // nobody leaves any more
	stop     context.CancelFunc
	running  sync.WaitGroup
}

func newTorture(cmd *Cmd, log io.Writer) *torture {
	return &torture{
		cmd: cmd, history: checker.NewRecorder(), chance: rand.New(rand.NewPCG(cmd.Seed, 0)),
		marker: fmt.Sprintf("canary-%016x", rand.Uint64()), log: log, hurry: make(chan struct{}),
	}
}

// visit lets clients work at somebody else's server.
func (t *torture) visit(ctx context.Context) error {
	t.url, t.key = t.cmd.URL, t.cmd.APIKey
	t.cmd.Faults = slices.DeleteFunc(t.cmd.Faults, func(fault string) bool { return !slices.Contains(tameFaults, fault) })
	if err := t.begin(ctx); err != nil {
		return err
	}
	defer t.end()
	work := t.cmd.Duration
	if work == 0 {
		work = visitTime
	}
	if !pace.Pause(ctx, work) {
		return ctx.Err()
	}
	return t.drain(ctx, 0)
}

// runServer starts a server of its own, has faults befall it, and lets it come to rest.
func (t *torture) runServer(ctx context.Context, binary string, faults func(context.Context, *spawn.Server) error, stdout io.Writer) error {
	dir, err := spawn.ScratchDir("torture")
	if err != nil {
		return err
	}
	v, err := spawn.New(binary, dir, "torture", tortureFlags(t.injects(faultHibernate))...)
	if err != nil {
		return err
	}
	v.Env = t.cmd.Env
	defer v.Remove(t.cmd.Keep, stdout)
	t.limits = checker.Limits{
		ChatWindow: tortureChatWindow, ChatWindowOld: tortureChatWindowOld, QueueWindow: tortureQueueWindow, Mailbox: tortureMailbox,
		Settle: tortureSettle, Rematch: tortureRematchAfter,
	}
	if err := v.Start(ctx); err != nil {
		return err
	}
	t.url, t.key, t.addr = "ws://"+v.Addr, v.Key, v.Addr
	if runtime.GOOS == "linux" {
		t.local = "127.0.0.2" // so that no client's port can be the one that the next server needs
	}
	if err := t.begin(ctx); err != nil {
		return err
	}
	defer t.end()
	if err := faults(ctx, v); err != nil {
		return err
	}
	if !pace.Pause(ctx, calmTime) {
		return ctx.Err()
	}
	if err := t.drain(ctx, tortureChatWindow); err != nil {
		return err
	}
	if v.Died() {
		return fmt.Errorf("the server ended by itself: %s", v.Now.Words)
	}
	t.end()
	err = errors.Join(v.Stop(), t.lookOnDisk(ctx, v))
	if t.cmd.Keep {
		err = errors.Join(err, writeHistory(filepath.Join(v.Dir, "history"), t.history.Events()))
	}
	return err
}

// lookOnDisk adds to the history what the server, which MUST be gone, has left on disk and should not have.
func (t *torture) lookOnDisk(ctx context.Context, v *spawn.Server) error {
	here := map[string]bool{}
	for _, c := range t.clients {
		if c.stayed && !c.old {
			here[c.socket.State().SessionID] = true
		}
	}
	kept, err := heldFor(ctx, v.Database(), here)
	for _, mail := range kept {
		t.history.Add(checker.Event{Who: checker.Server, Kind: checker.Fault, Type: checker.Kept, Code: mail})
	}
	leaks, errFind := v.Finds(t.marker)
	for _, name := range leaks {
		t.history.Add(checker.Event{Who: checker.Server, Kind: checker.Fault, Type: checker.Leaked, Code: name})
	}
	return errors.Join(err, errFind)
}

// killAll kills the server as often as it shall be, as long as there is time.
func (t *torture) killAll(ctx context.Context, v *spawn.Server) error {
	bound := t.cmd.Duration
	if bound == 0 {
		bound = pace.Of(time.Duration(t.cmd.Kills)*timePerKill + timeAround)
	}
	deadline := time.Now().Add(bound)
	for n := 0; n < t.cmd.Kills && time.Now().Before(deadline); n++ {
		over, err := t.plague(ctx, v, n)
		if err == nil {
			err = t.awaitMoment(ctx, n == 0)
		}
		if err == nil && v.Died() {
			err = fmt.Errorf("the server ended by itself: %s", v.Now.Words)
		}
		if err != nil {
			over()
			return err
		}
		t.fault(checker.Killed)
		v.Kill()
		over()
		if !pace.Pause(ctx, time.Duration(t.chance.IntN(100))*time.Millisecond) {
			return ctx.Err()
		}
		if err := v.Start(ctx); err != nil {
			return err
		}
		t.fault(checker.Listening)
		if done := n + 1; done%max(t.cmd.Kills/10, 1) == 0 {
			fmt.Fprintf(t.log, "%d of %d kills\n", done, t.cmd.Kills)
		}
	}
	return nil
}

func (t *torture) fault(kind string) {
	t.history.Add(checker.Event{Who: checker.Server, Kind: checker.Fault, Type: kind})
}

// awaitMoment waits for a moment to kill the server at: mostly with many clients at work, sometimes in the midst of
// their coming back, sometimes while one resumes.
func (t *torture) awaitMoment(ctx context.Context, first bool) error {
	dice := t.chance.IntN(5)
	if first || dice != 0 {
		half := int64(t.cmd.Clients / 2)
		if err := t.await(ctx, lookEvery, func() bool { return t.present.Load() >= half }); err != nil {
			return err
		}
	}
	if !pace.Pause(ctx, time.Duration(t.chance.IntN(700))*time.Millisecond) {
		return ctx.Err()
	}
	if dice != 1 {
		return nil
	}
	return t.await(ctx, time.Duration(1+t.chance.IntN(3000))*time.Microsecond, func() bool { return t.resuming.Load() > 0 })
}

// await looks again and again whether something is so, for a while.
func (t *torture) await(ctx context.Context, every time.Duration, so func() bool) error {
	const patience = 3 * time.Second
	deadline := time.Now().Add(pace.Of(patience))
	for !so() && time.Now().Before(deadline) {
		if !pace.Pause(ctx, every) {
			return ctx.Err()
		}
	}
	return nil
}

// begin sets the clients to work.
func (t *torture) begin(ctx context.Context) error {
	t.life, t.stop = context.WithCancel(ctx)
	for who := range t.cmd.Clients {
		c := newChatter(t, who)
		t.clients = append(t.clients, c)
		if err := c.equip(); err != nil {
			t.end()
			return err
		}
	}
	for _, c := range t.clients {
		t.running.Go(func() { c.run(t.life) })
	}
	t.running.Go(func() { t.watch(t.life) })
	t.running.Go(func() { t.paces(t.life) })
	return nil
}

// stallCounts is how long this process must stand still for the checker to take it for a fault.
const stallCounts = 200 * time.Millisecond

// watch measures for how long this process stands still, on a machine that has more to do than it can.
func (t *torture) watch(ctx context.Context) {
	for before := time.Now(); pace.Pause(ctx, lookEvery); {
		now := time.Now()
		stalled := now.Sub(before) - lookEvery
		if t.stalled = max(t.stalled, stalled); stalled >= stallCounts {
			t.history.Add(checker.Event{Who: checker.Server, Kind: checker.Fault, Type: checker.Stalled, For: stalled})
		}
		before = now
	}
}

// paces measures how slow this machine is while the clients are at work.
func (t *torture) paces(ctx context.Context) {
	for {
		t.slower = max(t.slower, float64(pace.Of(time.Second))/float64(time.Second))
		if !pace.Pause(ctx, time.Second) {
			return
		}
	}
}

// bears is how many times slower than an idle machine one may be by whose limits a run is judged as ever: several runs at one
// time make it so.
const bears = 3

// judge returns what the history shows. The clients MUST have ended.
func (t *torture) judge() *checker.Result {
	return checker.Check(t.history.Events(), t.limits.On(t.slower/bears))
}

// end ends the clients; what they see then is no part of the history.
func (t *torture) end() {
	t.stop()
	t.hurries()
	t.running.Wait()
	for _, c := range t.clients {
		if c.link != nil {
			c.link.Close()
			c.link = nil
		}
	}
}

// hurries ends the slowness of all clients and links.
func (t *torture) hurries() {
	if !t.draining.Swap(true) {
		close(t.hurry)
	}
}

// drain lets everybody come back and every message arrive, for at least so long, until all are there and nothing
// happens any more.
func (t *torture) drain(ctx context.Context, least time.Duration) error {
	t.hurries()
	began := time.Now()
	seen, since := -1, began
	for time.Since(began) < pace.Of(drainWithin) {
		if n := t.history.Len(); n != seen {
			seen, since = n, time.Now()
		}
		quiet := pace.Waited(quietFor)
		if time.Since(since) >= quiet && time.Since(began) >= least+quiet && int(t.present.Load()) == t.cmd.Clients {
			break
		}
		if !pace.Pause(ctx, lookEvery) {
			return ctx.Err()
		}
	}
	t.fault(checker.Quiet)
	return nil
}
