package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatme/internal/chat"
	"chatme/internal/exit"
	"chatme/internal/stage"
)

// killedAfter is the maximum time until a process is killed, after its initial work.
const killedAfter = 250 * time.Millisecond

// TestBackupKilled: whenever a backup is killed, each name has a complete copy.
func TestBackupKilled(t *testing.T) {
	stage.Long(t)
	path, _, _ := begun(t, 3)
	dir := t.TempDir()
	whole := 0
	for round := range 8 {
		killedHelper(t, round%3, "backups", path, filepath.Join(dir, fmt.Sprint(round)), "keep")
		names, err := filepath.Glob(filepath.Join(dir, fmt.Sprint(round), "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.Contains(name, partInfix) {
				continue
			}
			whole++
			if found, err := verify(t.Context(), name, integrityCheck); err != nil || found.Sessions != 3 {
				t.Errorf("%s: %+v, %v", name, found, err)
			}
		}
	}
	if whole == 0 {
		t.Error("no copy was ever made; this proves nothing")
	}
}

// TestPutBackKilled: whenever a restore is killed, the old database or the new one is there, complete, and the next
// start continues with it: with the new one in a new epoch.
func TestPutBackKilled(t *testing.T) {
	stage.Long(t)
	path, backup, epoch, _ := backedUp(t)
	s := MustOpen(t, path)
	mustBegin(t, s) // the fourth start, which the backup does not have
	mustClose(t, s)
	fresh := 0
	for round := range 8 {
		killedHelper(t, round%3, "restores", path, backup)
		s := MustOpen(t, path)
		if err := s.Laws(t.Context()); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		started := mustBegin(t, s)
		mustClose(t, s)
		switch {
		case started.Boot == 4 && (!started.Restored || started.Epoch == epoch):
			t.Errorf("round %d: the backup was not detected as one: %+v", round, started)
		case started.Boot == 4:
			fresh++
			epoch = started.Epoch
		case started.Restored:
			t.Errorf("round %d: the old database is considered restored: %+v", round, started)
		}
	}
	if fresh == 0 {
		t.Error("nothing was ever restored; this proves nothing")
	}
}

// TestCountingKilled: the next start after a kill at any moment continues the chats.
func TestCountingKilled(t *testing.T) {
	stage.Long(t)
	path, epoch, _ := begun(t, 2)
	counted := int64(0)
	for round := range 12 {
		killedHelper(t, round%3, "counts", path)
		s := MustOpen(t, path)
		var n int64
		if err := s.reader.Get(&n, `SELECT counter FROM boots ORDER BY boot DESC LIMIT 1`); err != nil {
			t.Fatal(err)
		}
		counted += n
		if started := mustBegin(t, s); started.Restored || started.Epoch != epoch {
			t.Errorf("round %d: %+v, the epoch was %s", round, started, epoch)
		}
		mustClose(t, s)
	}
	if counted == 0 {
		t.Error("nothing was ever counted; this proves nothing")
	}
}

// helperCounts runs one start after another, each of which counts with every commit and stops in order.
func helperCounts(path string) int {
	for n := uint64(10); ; {
		s, err := Open(context.Background(), Config{Path: path, BusyTimeout: quick})
		if err == nil {
			hurried(s)
			_, err = s.Begin(context.Background(), Boot{At: t0})
		}
		for range 10 {
			if n++; err == nil {
				err = s.Commit(&chat.Batch{Changes: put(session(n))})
			}
			if n == 11 {
				fmt.Println("counts")
			}
		}
		if err == nil {
			err = s.Advance()
		}
		if err == nil {
			err = s.End("signal", t0)
		}
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			fmt.Println(err)
			return codeOf(err)
		}
		fmt.Println("stopped")
	}
}

// killedHelper runs a second process and kills it at a random moment after it has started and has repeated its action
// the given number of times.
func killedHelper(tb testing.TB, times int, role, path string, more ...string) {
	tb.Helper()
	cmd := helperCmd(tb, role, path)
	cmd.Args = append(cmd.Args, more...)
	said, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		tb.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	for range 1 + times {
		lines.Scan() // false at its end
	}
	<-time.After(time.Duration(rand.Int64N(int64(killedAfter))))
	cmd.Process.Kill()
	cmd.Wait()
}

// helperRestores restores a backup, again and again.
func helperRestores(path, backup string) int {
	fmt.Println("begins")
	for {
		if _, err := Restore(context.Background(), RestoreConfig{Path: path, Source: backup, Replace: true}); err != nil {
			fmt.Println(err)
			return codeOf(err)
		}
		fmt.Println("restored")
	}
}

// helperBacksUp makes backups in dir until it is killed; without keeps, one at a time.
func helperBacksUp(path, dir string, keeps bool) int {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return exit.Failure
	}
	fmt.Println("begins")
	for i := 0; ; i++ {
		target := filepath.Join(dir, fmt.Sprint(i)+".db")
		if _, err := Backup(context.Background(), path, target, nil); err != nil {
			fmt.Println(err)
			return codeOf(err)
		}
		fmt.Println("made")
		if !keeps {
			os.Remove(target)
		}
	}
}
