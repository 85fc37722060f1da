package torture

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"chatme/internal/exit"
	"chatme/internal/pace"
	"chatme/internal/spawn"
	"chatme/internal/stage"
	"chatme/internal/testbed"
	"chatme/internal/torture/checker"
)

const (
	// ioFaultClients is smaller than torture's default, because a server is slow under strace.
	ioFaultClients = 40
	// ioFaultWork is how long a server with failing calls keeps working if it does not give up.
	ioFaultWork = time.Second
	// ioFaultStop is how soon a server that gives up must have exited; its target is 1 s on an idle machine.
	ioFaultStop = 5 * time.Second
)

// ioFault is a series of system calls on the database files that fail.
type ioFault struct {
	call, errno string
	first, last int   // of the calls in each thread, counted from 1
	passes      bool  // certainly nothing was committed, so a listening server continues
	codes       []int // allowed exit codes of the server
}

func (f ioFault) String() string {
	return fmt.Sprintf("%s fails with %s, calls %d to %d", f.call, f.errno, f.first, f.last)
}

// strace returns the command that injects f into a server on the database db and logs the failed calls.
func (f ioFault) strace(db, log string) []string {
	args := []string{"strace", "-D", "-f", "-q", "-ttt", "--seccomp-bpf", "-o", log, "-P", filepath.Dir(db)}
	for _, suffix := range []string{"", "-wal", "-journal", ".witness", ".witness.part"} {
		args = append(args, "-P", db+suffix)
	}
	if !f.passes { // if the WAL index cannot grow, the frames it would show are already written
		args = append(args, "-P", db+"-shm")
	}
	return append(args, "-e", "signal=SIGKILL", "-e", "trace="+f.call, "-e",
		fmt.Sprintf("inject=%s:error=%s:when=%d..%d", f.call, f.errno, f.first, f.last))
}

// ioFaults returns faults of every kind, each at this many places up to last.
func ioFaults(chance *rand.Rand, places, last int) []ioFault {
	once := func(call, errno string, last int, codes ...int) ioFault {
		n := 1 + chance.IntN(last)
		return ioFault{call: call, errno: errno, first: n, last: n, codes: codes}
	}
	var all []ioFault
	for range places {
		full := once("pwrite64", "ENOSPC", last, exit.NotWritable)
		full.last, full.passes = full.first+chance.IntN(20), true
		all = append(all,
			once("pwrite64", "EIO", last, exit.IO, exit.NotWritable),
			full,
			once("fdatasync", "EIO", max(2, last/4), exit.IO),
			once("fdatasync", "ENOSPC", max(2, last/4), exit.IO),
			// SQLite treats a page that cannot be read as damaged.
			once("pread64", "EIO", last, exit.IO, exit.BadDatabase),
			once("ftruncate", "EIO", 3, exit.IO, exit.NotWritable), // the latter for the -shm
			once("openat", "EMFILE", 12, exit.NotWritable),
			once("openat", "EIO", 12, exit.NotWritable, exit.IO),
			once("fsync", "EIO", 2, exit.NotWritable, exit.IO),
			once("renameat", "EIO", 1, exit.NotWritable, exit.IO),
		)
	}
	chance.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// TestSystemCallsFail tortures a server whose disk fails: writes, syncs and opens of its files, one or several in a
// row. The server continues, or gives up at once with an exit code that says why. Everything it reported before stays
// true.
func TestSystemCallsFail(t *testing.T) {
	stage.Long(t)
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.Build(t, bin)
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatal("needs strace; make deps installs it")
	}
	seed := rand.Uint64()
	tortured := newTorture(&Cmd{Clients: ioFaultClients, Seed: seed}, io.Discard)
	f := &ioFaulter{torture: tortured, tb: t, logs: t.TempDir(), exits: map[string]int{}}
	f.faults = ioFaults(tortured.chance, testbed.InSoak(60, 2), testbed.InSoak(500, 150))
	if err := tortured.runServer(t.Context(), bin, f.inject, io.Discard); err != nil {
		t.Fatal(err)
	}
	r := tortured.judge()
	for i := range r.Violations {
		t.Errorf("%s", &r.Violations[i])
	}
	t.Logf("seed %d: %d faults, %d hit; exit codes %v, at most %v after the fault; %d kills, %d of them with unacknowledged work; %d acknowledged, %d held",
		seed, len(f.faults), f.hit, f.exits, f.slowest, r.Kills, r.Landed, r.Acknowledged, r.Held)
	if f.hit < len(f.faults)/3 || f.exits["74"] == 0 || r.Held == 0 {
		t.Error("the run is inconclusive: too few faults hit the load")
	}
}

// ioFaulter injects faults into a server, one after another, and restarts it after each.
type ioFaulter struct {
	*torture
	tb      testing.TB
	faults  []ioFault
	logs    string // a directory
	hit     int    // number of faults with at least one failed call
	exits   map[string]int
	slowest time.Duration // from the call that failed to the end of the server
}

func (f *ioFaulter) inject(ctx context.Context, v *spawn.Server) error {
	for i, fault := range f.faults {
		f.fault(checker.Killed)
		v.Kill()
		log := filepath.Join(f.logs, strconv.Itoa(i))
		v.Under = fault.strace(v.Database(), log)
		err := v.StartOnce(ctx)
		if err == nil {
			f.fault(checker.Listening)
			f.works(ctx, v)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f.fault(checker.Killed)
		if v.Died() {
			f.ended(fault, err == nil, v, log)
		} else if err != nil {
			return fmt.Errorf("%s: %w", fault, err)
		}
		v.Kill()
		if bytes.Contains(f.read(log), []byte("(INJECTED)")) {
			f.hit++
		}
		v.Under = nil
		if err := v.Start(ctx); err != nil {
			return fmt.Errorf("%s; restart after it: %w", fault, err)
		}
		f.fault(checker.Listening)
		if err := f.await(ctx, lookEvery, func() bool { return f.present.Load() >= ioFaultClients/2 }); err != nil {
			return err
		}
	}
	return nil
}

// works lets the server work for a while, or until it ends.
func (f *ioFaulter) works(ctx context.Context, v *spawn.Server) {
	timer := time.NewTimer(pace.Waited(ioFaultWork))
	defer timer.Stop()
	select {
	case <-v.Now.Exited:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// ended checks how a server ended that was not killed.
func (f *ioFaulter) ended(fault ioFault, listened bool, v *spawn.Server, log string) {
	code := v.Now.Cmd.ProcessState.ExitCode()
	f.exits[strconv.Itoa(code)]++
	if !slices.Contains(fault.codes, code) || !bytes.HasPrefix(v.Now.Words, []byte("chatme: ")) {
		f.tb.Errorf("%s: exit code %d, %s", fault, code, v.Now.Words)
	}
	if fault.passes && listened {
		f.tb.Errorf("%s: the server gave up: %s", fault, v.Now.Words)
	}
	took, err := dying(f.read(log))
	if err != nil {
		f.tb.Errorf("%s: %v", fault, err)
	}
	if f.slowest = max(f.slowest, took); took > pace.Of(ioFaultStop) {
		f.tb.Errorf("%s: the server exited %v after the fault", fault, took)
	}
}

func (f *ioFaulter) read(log string) []byte {
	data, err := os.ReadFile(log)
	if err != nil {
		f.tb.Error(err)
	}
	return data
}

// dying returns the time from the first failed call to the last line, which is the end of the process.
func dying(log []byte) (time.Duration, error) {
	var failed, end float64
	lines := bufio.NewScanner(bytes.NewReader(log))
	for lines.Scan() {
		fields := strings.Fields(lines.Text()) // thread, seconds, what happened
		if len(fields) < 3 {
			continue
		}
		at, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			return 0, fmt.Errorf("unexpected strace line: %q", lines.Text())
		}
		if failed == 0 && strings.Contains(lines.Text(), "(INJECTED)") {
			failed = at
		}
		end = at
	}
	if failed == 0 {
		return 0, fmt.Errorf("no call failed, but the server ended: %.300s", log)
	}
	return time.Duration((end - failed) * float64(time.Second)), nil
}
