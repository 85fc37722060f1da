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
	// visitTime is how long clients work at a server that is not killed.
	visitTime = 30 * time.Second
	// A kill takes the time to reconnect and to work; it needs a third of this.
	timePerKill = 5 * time.Second
	timeAround  = time.Minute

	// The drain is over once nothing has happened for quietFor. A server that never gets there is judged anyway.
	quietFor    = 2500 * time.Millisecond
	drainWithin = 40 * time.Second

	// calmTime is how long clients work after the last kill. What takes seconds to show can show only then.
	calmTime  = 4 * time.Second
	lookEvery = 50 * time.Millisecond
)

// torture is one run.
type torture struct {
	cmd     *Cmd
	history *checker.Recorder
	limits  checker.Limits
	chance  *rand.Rand // owned by the killing goroutine
	marker  string     // a word in every message
	log     io.Writer  // progress messages

	stalled time.Duration   // longest stall of this process; valid after end
	slower  float64         // longest round trip as a multiple of an idle machine's; valid after end
	figures *restoreFigures // set by restoreAll; nil without it

	url, key, local string          // what the clients dial; does not change while they run
	addr            string          // the server's address, for links
	life            context.Context // of the clients
	catchUp         chan struct{}   // closed when the slow clients must catch up

	turns                      []int // which fault precedes which of the next kills; owned by the killing goroutine
	stops, locks               int   // faults injected into the server; owned by the killing goroutine
	slow, proxied              int   // number of clients; does not change while they run
	photos, ghosts, hibernated atomic.Int64

	clients  []*chatter   // each owns its fields until it has ended
	present  atomic.Int64 // clients with a socket whose auth was answered
	resuming atomic.Int64 // clients that wait for the answer to a resume
	draining atomic.Bool  // no client leaves any more
	stop     context.CancelFunc
	running  sync.WaitGroup
}

func newTorture(cmd *Cmd, log io.Writer) *torture {
	return &torture{
		cmd: cmd, history: checker.NewRecorder(), chance: rand.New(rand.NewPCG(cmd.Seed, 0)),
		marker: fmt.Sprintf("canary-%016x", rand.Uint64()), log: log, catchUp: make(chan struct{}),
	}
}

// visit runs the clients against a server that the command did not start.
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

// runServer starts a server, injects faults, and lets it come to rest.
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
		t.local = "127.0.0.2" // so that no client uses the port that the next server needs
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
		return fmt.Errorf("the server ended unexpectedly: %s", v.Now.Words)
	}
	t.end()
	err = errors.Join(v.Stop(), t.lookOnDisk(ctx, v))
	if t.cmd.Keep {
		err = errors.Join(err, writeHistory(filepath.Join(v.Dir, "history"), t.history.Events()))
	}
	return err
}

// lookOnDisk adds to the history what the server should not have left on disk. The server MUST have exited.
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

// killAll kills the server the requested number of times, as long as there is time.
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
			err = fmt.Errorf("the server ended unexpectedly: %s", v.Now.Words)
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
			fmt.Fprintf(t.log, "%d of %d kills done\n", done, t.cmd.Kills)
		}
	}
	return nil
}

func (t *torture) fault(kind string) {
	t.history.Add(checker.Event{Who: checker.Server, Kind: checker.Fault, Type: kind})
}

// awaitMoment waits for a moment to kill the server: usually with many clients at work, sometimes while they reconnect,
// sometimes while one resumes.
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

// await polls until so returns true, with a time limit.
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

// begin starts the clients.
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

// stallCounts is how long this process must stand still for the checker to treat it as a fault.
const stallCounts = 200 * time.Millisecond

// watch measures how long this process stands still on an overloaded machine.
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

// paces measures how slow this machine is while the clients work.
func (t *torture) paces(ctx context.Context) {
	for {
		t.slower = max(t.slower, float64(pace.Of(time.Second))/float64(time.Second))
		if !pace.Pause(ctx, time.Second) {
			return
		}
	}
}

// bears is how many times slower than an idle machine this one may be and still be judged by the normal limits. Several
// concurrent runs slow a machine down this much.
const bears = 3

// judge returns what the history shows. The clients MUST have ended.
func (t *torture) judge() *checker.Result {
	return checker.Check(t.history.Events(), t.limits.On(t.slower/bears))
}

// end stops the clients. What they see after that is not part of the history.
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

// hurries makes all slow clients and links fast.
func (t *torture) hurries() {
	if !t.draining.Swap(true) {
		close(t.catchUp)
	}
}

// drain lets every client reconnect and every message arrive. It takes at least least, and returns once all clients are
// present and nothing happens any more.
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
