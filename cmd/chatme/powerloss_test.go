//go:build !race

package main

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
	"chatme/internal/powercut"
	"chatme/internal/protocol"
)

// TestPowerLoss cuts the power of a server under load: from a log of its system calls it makes what the disk could
// hold at random moments. Each of these images opens, is what one commit left and no less, and has in it all that
// was said to be there before that moment. It runs alone: a program that another test starts would share the lock of an
// image that is open, until its exec.
func TestPowerLoss(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "chatme")
	build(t, bin)
	p := newPowerLoss(t, bin, "")
	p.load(checkpoint, inSoak(1000, 200))
	v := p.cut(inSoak(40_000, 500))
	for _, line := range slices.Concat(v.early, v.broken, v.lost) {
		t.Error(line)
	}
	for kind := range promises {
		if v.promised[kind] == 0 {
			t.Errorf("nothing was promised by %s", kind)
		}
	}
	if v.torn == 0 || v.older == 0 || v.begun < 3 { // it is begun anew also in a new file
		t.Errorf("%d sectors torn, %d lost, the WAL begun %d times: the load is not what it should be", v.torn, v.older, v.begun)
	}
}

// TestPowerLossIsSeen: a server that does not wait for the disk is found out. It loses what it has said to be
// there, and nothing worse.
func TestPowerLossIsSeen(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "chatme")
	buildMutants(t, bin)
	p := newPowerLoss(t, bin, "sync-normal")
	p.load(0, 100)
	v := p.cut(inSoak(1000, 100))
	for _, line := range slices.Concat(v.early, v.broken) {
		t.Error(line)
	}
	if len(v.lost) == 0 {
		t.Error("synchronous=NORMAL loses nothing: the harness is blind")
	} else {
		t.Logf("for example: %s", v.lost[0])
	}
}

// TestPowerLossTooEarly: so is one that says what is not even written.
func TestPowerLossTooEarly(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "chatme")
	buildMutants(t, bin)
	p := newPowerLoss(t, bin, "send-before-commit")
	p.load(0, 30)
	if v := p.cut(10); len(v.early) == 0 {
		t.Error("frames that leave before their commit are not seen")
	}
}

// powerLoss is a server whose system calls are logged.
type powerLoss struct {
	tb     testing.TB
	site   *site
	logs   []string // one a run of the server
	seed   uint64
	states *history // set by cut
}

// newPowerLoss makes a site whose servers run under strace, with this mutant, if any, switched on.
func newPowerLoss(tb testing.TB, bin, mutant string) *powerLoss {
	strace, err := exec.LookPath("strace")
	if err != nil {
		tb.Fatal("needs strace; make deps installs it")
	}
	s := newSite(tb, filepath.Join(tb.TempDir(), "traced"))
	var script strings.Builder
	fmt.Fprintln(&script, "#!/bin/sh")
	if mutant != "" {
		fmt.Fprintf(&script, "CHATME_MUTANT='%s'; export CHATME_MUTANT\n", mutant)
	}
	fmt.Fprintf(&script, "exec '%s' '%s' '%s'.$$ '%s' \"$@\"\n",
		strace, strings.Join(powercut.Strace, "' '"), s.bin, bin) // $$ is the process ID of the server to be
	writeProgram(tb, s.bin, []byte(script.String()))
	s.flags = []string{"--rematch-after", "10ms", "--admin", "off"} // a socket's name is nothing that a log of files knows
	return &powerLoss{tb: tb, site: s, seed: rand.Uint64()}
}

// checkpoint is the size in bytes of a WAL of which SQLite takes the pages into the database, to begin it anew.
const checkpoint = 1000 * (24 + 4096)

// load runs a server three times under load: stopped, killed, and killed when its WAL has been of this size.
func (p *powerLoss) load(wal int64, matches int) {
	l := newLoad(p.site)
	for _, run := range []struct {
		wal int64
		end func(*process)
	}{
		{0, func(server *process) {
			if code, _ := server.terminate(); code != exitOK {
				p.tb.Errorf("exit code %d", code)
			}
		}},
		{0, (*process).kill},
		{wal, (*process).kill},
	} {
		server, _ := p.site.start()
		if l.writers == nil {
			l.addWriters()
		}
		l.run(p.tb, run.wal, matches, func() { run.end(server) })
		p.keep(server.cmd.Process.Pid)
	}
}

// keep takes the log of a process that has ended, once strace has written all of it.
func (p *powerLoss) keep(process int) {
	p.tb.Helper()
	name := fmt.Sprintf("%s.%d", p.site.bin, process)
	ctx, tick := step(p.tb), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for {
		log := mustRead(p.tb, name)
		if powercut.Whole(log[max(0, len(log)-200):], process) {
			p.logs = append(p.logs, name)
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			p.tb.Fatalf("strace does not end: %.200q", log[max(0, len(log)-200):])
		}
	}
}

// events reads the logs of all runs as one.
func (p *powerLoss) events() []powercut.Event {
	p.tb.Helper()
	var all []powercut.Event
	for _, name := range p.logs {
		events, err := powercut.Parse(bytes.NewReader(mustRead(p.tb, name)), p.site.dir)
		if err != nil {
			p.tb.Fatal(err)
		}
		all = append(all, events...)
	}
	return all
}

// verdict is what came of the images.
type verdict struct {
	images, torn, older int
	begun               int            // how many times the WAL was begun at its beginning
	promised            map[string]int // by type of frame
	early               []string       // promises made before they were written
	broken              []string       // images that do not open, or that no commit left
	lost                []string       // images that lack something promised
}

// cut makes so many images and looks at each.
func (p *powerLoss) cut(images int) *verdict {
	p.tb.Helper()
	events := p.events()
	frames, err := overhear(events)
	if err != nil {
		p.tb.Fatal(err)
	}
	if p.states, err = newHistory(events, p.site.db, p.tb.TempDir()); err != nil {
		p.tb.Fatal(err)
	}
	l := newLedger(p.states, frames)
	v := &verdict{promised: map[string]int{}, early: l.broken}
	for _, each := range l.all {
		v.promised[each.told.Type]++
	}
	for _, e := range events {
		if e.Kind == powercut.Wrote && e.Path == p.site.db+"-wal" && e.Off == 0 {
			v.begun++
		}
	}
	p.look(events, l, images, v)
	p.tb.Logf("seed %d: %d images of %d events and %d commits, %d WALs; %d promises %v, %d of no known row; %d sectors lost, %d torn; violations: %d early, %d broken, %d lost",
		p.seed, v.images, len(events), len(p.states.at)-1, v.begun, len(l.all), v.promised, l.unknown, v.older, v.torn, len(v.early), len(v.broken), len(v.lost))
	return v
}

// apply lets the i-th event happen.
func (p *powerLoss) apply(disk *powercut.Disk, events []powercut.Event, i int) {
	if err := disk.Apply(&events[i]); err != nil {
		p.tb.Fatalf("event %d: %v", i, err)
	}
}

// TestPowerLossEndedByAStop: chat_ended promises something only to who asked for it, also if that was on its way as the server
// stopped.
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

// TestPowerLossKilledInAWrite: the log shows a write that the process was killed in, and that may not have happened. A letter
// that seemed to be deleted and is there at the next start has been there all the time.
func TestPowerLossKilledInAWrite(t *testing.T) {
	h, held := emptyHistory(), letter{1, 2, 3}
	for i, letters := range []map[letter]bool{{held: true}, {}, {held: true}} {
		h.at = append(h.at, i)
		h.add(&content{sessions: map[chat.Hash]*sessionRow{}, letters: letters})
	}
	if got, want := h.letters[held], (span{1, never}); got != want {
		t.Errorf("it was there in the states %v, want %v", got, want)
	}
}
