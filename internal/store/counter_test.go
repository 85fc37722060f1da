package store

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// paced gives s a clock that only the test advances.
func paced(s *Store) *time.Duration {
	now := new(time.Duration)
	s.counter.next, s.counter.clock = 0, func() time.Duration { return *now }
	return now
}

// hurried gives s a clock on which a second passes between any two commits.
func hurried(s *Store) {
	now := paced(s)
	s.counter.clock = func() time.Duration { *now += counterPace; return *now }
}

// commits counts the transactions in the WAL of s: the frames that record the size of the database after them.
// https://sqlite.org/fileformat2.html#walformat
func commits(tb testing.TB, s *Store) (n int) {
	tb.Helper()
	wal, err := os.ReadFile(s.path + "-wal")
	if err != nil {
		tb.Fatal(err)
	}
	page := int(binary.BigEndian.Uint32(wal[8:]))
	for salt := string(wal[16:24]); len(wal) >= 32+24+page; wal = append(wal[:32], wal[32+24+page:]...) {
		frame := wal[32:]
		if string(frame[8:16]) == salt && binary.BigEndian.Uint32(frame[4:]) != 0 {
			n++
		}
	}
	return n
}

// wantCounter fails unless the counter has these values in the row and in the witness.
func wantCounter(tb testing.TB, s *Store, row, file int64) {
	tb.Helper()
	var got int64
	if err := s.reader.QueryRow(`SELECT counter FROM boots WHERE boot = ?`, s.boot).Scan(&got); err != nil || got != row {
		tb.Errorf("counter in the row is %d, want %d (%v)", got, row, err)
	}
	if w, err := readWitness(s.path + witnessSuffix); err != nil || w.counter != file || !w.marked {
		tb.Errorf("witness is %+v, want counter %d (%v)", w, file, err)
	}
}

// TestCounterOnlyRidesOnCommits: the counter rises with the first commit, then at most once a second, and never in its
// own commit, except for a backup.
func TestCounterOnlyRidesOnCommits(t *testing.T) {
	s := openNew(t)
	now := paced(s)
	mustBegin(t, s)
	before, made := commits(t, s), 0
	next := func(after time.Duration, want int64) {
		t.Helper()
		*now += after
		mustCommit(t, s, put(session(uint64(made+1)))...)
		made++
		wantCounter(t, s, want, want)
		if got := commits(t, s) - before; got != made {
			t.Errorf("%d transactions for %d batches", got, made)
		}
	}
	wantCounter(t, s, 0, 0)
	next(0, 1)
	next(counterPace-1, 1)
	next(1, 2)
	next(time.Hour, 3) // and not by an hour's seconds
	next(0, 3)

	*now += counterPace
	if err := s.Commit(&chat.Batch{}); err != nil {
		t.Error(err)
	}
	if _, _, err := s.Sweep(t0, 10); err != nil {
		t.Error(err)
	}
	wantCounter(t, s, 3, 3)
	release := holdWriteLock(t, s.path)
	for range 2 {
		wantCode(t, s.Commit(&chat.Batch{Changes: put(session(99))}), exit.AlreadyRunning)
	}
	release()
	wantCounter(t, s, 3, 3) // time without commits does not count
	next(0, 4)

	if err := s.End("signal", t0); err != nil {
		t.Error(err)
	}
	*now += counterPace
	mustCommit(t, s, put(session(100))...)
	wantCounter(t, s, 4, 4)
}

// TestAdvance: a backup's request makes its own commit and witness, and counts as the commit of its second.
func TestAdvance(t *testing.T) {
	s := openNew(t)
	now := paced(s)
	if err := s.Advance(); err == nil {
		t.Error("advanced before Begin")
	}
	mustBegin(t, s)
	for want := range int64(3) {
		if err := s.Advance(); err != nil {
			t.Fatal(err)
		}
		wantCounter(t, s, want+1, want+1)
	}
	mustCommit(t, s, put(session(1))...)
	wantCounter(t, s, 3, 3)
	*now += counterPace
	mustCommit(t, s, put(session(2))...)
	wantCounter(t, s, 4, 4)

	release := holdWriteLock(t, s.path)
	if err := s.Advance(); codeOf(err) != exit.AlreadyRunning || !err.(*dbfile.Error).Transient() {
		t.Errorf("under another program's write lock: %v", err)
	}
	release()
	run(t, "mkdir", "-p", s.path+witnessSuffix+".part/x")
	if err := s.Advance(); err == nil || !err.(*dbfile.Error).Transient() {
		t.Errorf("without a witness: %v", err)
	}
	run(t, "rm", "-r", s.path+witnessSuffix+".part")
	if err := s.Advance(); err != nil {
		t.Error(err)
	}
	wantCounter(t, s, 6, 6)
	if err := s.End("signal", t0); err != nil {
		t.Error(err)
	}
	if err := s.Advance(); err == nil || !err.(*dbfile.Error).Transient() {
		t.Errorf("advanced after End: %v", err)
	}
}

// TestWitnessFailsOnTheWay: commits continue, one warning is logged, and the witness is retried a second later.
func TestWitnessFailsOnTheWay(t *testing.T) {
	s := openNew(t)
	hurried(s)
	mustBegin(t, s)
	log := logged(s)
	mustCommit(t, s, put(session(1))...)
	run(t, "sh", "-c", `mv "$1" "$1.kept" && mkdir "$1"`, "-", s.path+witnessSuffix)
	for n := range uint64(3) {
		mustCommit(t, s, put(session(n+2))...)
	}
	if text := log.String(); strings.Count(text, "level=WARN") != 1 || strings.Count(text, "\n") != 1 || !strings.Contains(text, witnessSuffix) {
		t.Errorf("log %q", text)
	}
	run(t, "sh", "-c", `rmdir "$1" && mv "$1.kept" "$1"`, "-", s.path+witnessSuffix)
	wantCounter(t, s, 4, 1)
	mustCommit(t, s, put(session(5))...)
	wantCounter(t, s, 5, 5)
	if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "level=INFO") {
		t.Errorf("log %q", text)
	}
}

// TestWitnessKilledAnywhereIsNotARestore: whatever a kill or a power cut leaves of the witness, the next start continues
// the chats, as long as the witness is not ahead of the database; if it is, the database is an older copy.
func TestWitnessKilledAnywhereIsNotARestore(t *testing.T) {
	p := newPost(t)
	hurried(p.Store)
	var copies, witnesses []string
	keep := func() {
		t.Helper()
		copied := filepath.Join(t.TempDir(), fmt.Sprint(len(copies)))
		if err := p.Snapshot(t.Context(), copied); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(p.path + witnessSuffix)
		if err != nil {
			t.Fatal(err)
		}
		copies, witnesses = append(copies, copied), append(witnesses, string(text))
	}
	keep()
	mustCommit(t, p.Store, put(waiting(3, 1))...)
	keep()
	for range 8 { // to a counter with another number of digits
		mustCommit(t, p.Store, put(waiting(3, 1))...)
	}
	keep()
	if err := p.Advance(); err != nil {
		t.Fatal(err)
	}
	keep()
	if err := p.End("signal", t0); err != nil {
		t.Fatal(err)
	}
	keep()
	mustClose(t, p.Store)
	started := func(database, witness string) bool {
		t.Helper()
		run(t, "cp", database, p.path)
		if err := os.WriteFile(p.path+witnessSuffix, []byte(witness), 0o640); err != nil {
			t.Fatal(err)
		}
		s := MustOpen(t, p.path)
		defer mustClose(t, s)
		return mustBegin(t, s).Restored
	}
	for i := range copies {
		for j := range witnesses {
			if got, want := started(copies[i], witnesses[j]), j > i; got != want {
				t.Errorf("state %d with the witness of state %d: restored %v, want %v", i, j, got, want)
			}
		}
		if i == 0 {
			continue
		}
		older, newer := witnesses[i-1], witnesses[i]
		for cut := range newer { // in place: the beginning of the new one, the rest of the old one
			if cut%12 == i && started(copies[i], newer[:cut]+older[cut:]) {
				t.Errorf("state %d with a witness torn at %d is considered restored", i, cut)
			}
		}
	}
}

// TestAnotherBackupCopiedOver: the wrong backup was restored first, and a newer one is copied over it: of the same file,
// and with more starts than the witness has seen.
func TestAnotherBackupCopiedOver(t *testing.T) {
	path, newer, epoch, p := backedUp(t)
	older := filepath.Join(t.TempDir(), "older.db")
	run(t, "cp", newer, older)
	script(t, older, `DELETE FROM boots WHERE boot > 1`)
	for _, each := range []struct {
		copied string
		boot   uint64
	}{{older, 2}, {newer, 4}} {
		run(t, "cp", each.copied, path)
		s := MustOpen(t, path)
		started := mustBegin(t, s)
		if started.Boot != each.boot || !started.Restored || started.Epoch == epoch {
			t.Errorf("%s: %+v, the epoch was %s", each.copied, started, epoch)
		}
		wantAfterBegin(t, s, p, true)
		mustClose(t, s)
		epoch = started.Epoch
	}
}
