//go:build !race

package powerloss

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/exit"
	"chatme/internal/protocol"
	"chatme/internal/stage"
	"chatme/internal/testbed"
)

// TestPowerLoss cuts the power of a server under load. From a log of its system calls it builds what the disk could
// hold at random moments. Each of these images must open, match the state after one commit exactly, and contain
// everything that was promised before that moment. The test does not run in parallel: a program started by another test
// would share the lock of an open image until its exec.
func TestPowerLoss(t *testing.T) {
	stage.Long(t)
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.Build(t, bin)
	p := newPowerLoss(t, bin, "")
	p.load(checkpoint, testbed.InSoak(1000, 200))
	v := p.cut(testbed.InSoak(40_000, 500))
	for _, line := range slices.Concat(v.early, v.broken, v.lost) {
		t.Error(line)
	}
	for kind := range promises {
		if v.promised[kind] == 0 {
			t.Errorf("no %s frame promised anything", kind)
		}
	}
	if v.torn == 0 || v.older == 0 || v.begun < 3 { // a WAL in a new file also counts
		t.Errorf("%d sectors torn, %d lost, %d WAL resets: the load is too weak", v.torn, v.older, v.begun)
	}
}

// TestPowerLossIsSeen: a server that does not wait for the disk is caught. It loses what it promised, and nothing
// worse.
func TestPowerLossIsSeen(t *testing.T) {
	stage.Long(t)
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.BuildMutants(t, bin)
	p := newPowerLoss(t, bin, "sync-normal")
	p.load(0, 100)
	v := p.cut(testbed.InSoak(1000, 100))
	for _, line := range slices.Concat(v.early, v.broken) {
		t.Error(line)
	}
	if len(v.lost) == 0 {
		t.Error("synchronous=NORMAL lost nothing: the harness does not detect losses")
	} else {
		t.Logf("example: %s", v.lost[0])
	}
}

// TestPowerLossTooEarly: a server that reports what is not yet written is caught too.
func TestPowerLossTooEarly(t *testing.T) {
	stage.Long(t)
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.BuildMutants(t, bin)
	p := newPowerLoss(t, bin, "send-before-commit")
	p.load(0, 30)
	if v := p.cut(10); len(v.early) == 0 {
		t.Error("frames that left before their commit were not detected")
	}
}

// powerLoss is a server whose system calls are logged.
type powerLoss struct {
	tb     testing.TB
	site   *testbed.Site
	logs   []string // one per run of the server
	seed   uint64
	states *history // set by cut
}

// newPowerLoss creates a site whose servers run under strace, with this mutant, if any, enabled.
func newPowerLoss(tb testing.TB, bin, mutant string) *powerLoss {
	strace, err := exec.LookPath("strace")
	if err != nil {
		tb.Fatal("needs strace; make deps installs it")
	}
	s := testbed.NewSite(tb, filepath.Join(tb.TempDir(), "traced"))
	var script strings.Builder
	fmt.Fprintln(&script, "#!/bin/sh")
	if mutant != "" {
		fmt.Fprintf(&script, "CHATME_MUTANT='%s'; export CHATME_MUTANT\n", mutant)
	}
	fmt.Fprintf(&script, "exec '%s' '%s' '%s'.$$ '%s' \"$@\"\n",
		strace, strings.Join(Strace, "' '"), s.Bin, bin) // $$ becomes the process ID of the server
	testbed.WriteProgram(tb, s.Bin, []byte(script.String()))
	s.Flags = []string{"--rematch-after", "10ms", "--admin", "off"} // the model does not cover a socket's name in the directory
	return &powerLoss{tb: tb, site: s, seed: rand.Uint64()}
}

// checkpoint is the size in bytes at which SQLite copies the pages of a WAL into the database and resets the WAL.
const checkpoint = 1000 * (24 + 4096)

// load runs a server under load three times: it is stopped, killed, and killed once its WAL has reached this size.
func (p *powerLoss) load(wal int64, matches int) {
	l := newLoad(p.site)
	for _, run := range []struct {
		wal int64
		end func(*testbed.Process)
	}{
		{0, func(server *testbed.Process) {
			if code, _ := server.Terminate(); code != exit.OK {
				p.tb.Errorf("exit code %d", code)
			}
		}},
		{0, (*testbed.Process).Kill},
		{wal, (*testbed.Process).Kill},
	} {
		server, _ := p.site.Start()
		if l.writers == nil {
			l.addWriters()
		}
		l.run(p.tb, run.wal, matches, func() { run.end(server) })
		p.keep(server.Cmd.Process.Pid)
	}
}

// keep adds the log of a process that has ended, once strace has written all of it.
func (p *powerLoss) keep(process int) {
	p.tb.Helper()
	name := fmt.Sprintf("%s.%d", p.site.Bin, process)
	ctx, tick := testbed.Step(p.tb), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for {
		log := testbed.MustRead(p.tb, name)
		if Whole(log[max(0, len(log)-200):], process) {
			p.logs = append(p.logs, name)
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			p.tb.Fatalf("strace did not finish: %.200q", log[max(0, len(log)-200):])
		}
	}
}

// events parses the logs of all runs as one.
func (p *powerLoss) events() []Event {
	p.tb.Helper()
	var all []Event
	for _, name := range p.logs {
		events, err := Parse(bytes.NewReader(testbed.MustRead(p.tb, name)), p.site.Dir)
		if err != nil {
			p.tb.Fatal(err)
		}
		all = append(all, events...)
	}
	return all
}

// verdict is the result of checking the images.
type verdict struct {
	images, torn, older int
	begun               int            // how many times the WAL was started or reset
	promised            map[string]int // by frame type
	early               []string       // promises made before they were written
	broken              []string       // images that do not open, or that match no commit
	lost                []string       // images that are missing something promised
}

// cut creates this many images and checks each.
func (p *powerLoss) cut(images int) *verdict {
	p.tb.Helper()
	events := p.events()
	frames, err := overhear(events)
	if err != nil {
		p.tb.Fatal(err)
	}
	if p.states, err = newHistory(events, p.site.DB, p.tb.TempDir()); err != nil {
		p.tb.Fatal(err)
	}
	l := newLedger(p.states, frames)
	v := &verdict{promised: map[string]int{}, early: l.broken}
	for _, each := range l.all {
		v.promised[each.told.Type]++
	}
	for _, e := range events {
		if e.Kind == Wrote && e.Path == p.site.DB+"-wal" && e.Off == 0 {
			v.begun++
		}
	}
	p.look(events, l, images, v)
	p.tb.Logf("seed %d: %d images of %d events and %d commits, %d WALs; %d promises %v, %d to unknown rows; %d sectors lost, %d torn; violations: %d early, %d broken, %d lost",
		p.seed, v.images, len(events), len(p.states.at)-1, v.begun, len(l.all), v.promised, l.unknown, v.older, v.torn, len(v.early), len(v.broken), len(v.lost))
	return v
}

// apply applies the i-th event.
func (p *powerLoss) apply(disk *Disk, events []Event, i int) {
	if err := disk.Apply(&events[i]); err != nil {
		p.tb.Fatalf("event %d: %v", i, err)
	}
}

// TestPowerLossEndedByAStop: chat_ended is a promise only to a session that asked for it, even if its end_chat was in
// transit when the server shut down.
func TestPowerLossEndedByAStop(t *testing.T) {
	for code, want := range map[int]int{chat.CloseNormal: 1, chat.CloseRestart: 0, 0: 0} {
		l := &ledger{}
		l.attribute([]overheard{
			{socket: "s", said: &clientMessage{Type: "end_chat"}},
			{socket: "s", told: &protocol.ServerMessage{Type: "chat_ended"}},
			{socket: "s", closed: code},
		})
		if got := len(l.witnesses[0].promises); got != want {
			t.Errorf("closed with %d: %d promises, want %d", code, got, want)
		}
	}
}

// TestPowerLossKilledInAWrite: the log shows a write that the process was killed in, and that may not have happened. An entry
// that seemed to be deleted and is there at the next start has been there all the time.
func TestPowerLossKilledInAWrite(t *testing.T) {
	h, held := emptyHistory(), entry{1, 2, 3}
	for i, entries := range []map[entry]bool{{held: true}, {}, {held: true}} {
		h.at = append(h.at, i)
		h.add(&content{sessions: map[chat.Hash]*sessionRow{}, entries: entries})
	}
	if got, want := h.entries[held], (span{1, never}); got != want {
		t.Errorf("it was there in the states %v, want %v", got, want)
	}
}
