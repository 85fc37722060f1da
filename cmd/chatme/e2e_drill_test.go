package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"chatme/internal/client"
)

// testDrill drills on a backup that was made while people chat: it passes, finds what it should, and nobody in
// production notices. A backup that breaks a law fails, and so does one that is too old; nothing is left behind.
func testDrill(t *testing.T, s *site) {
	s.start()
	a, b := s.join("a", client.Options{}), s.join("b", client.Options{})
	meet(a, b)
	b.Drop()
	a.await("partner_away")
	a.say()
	a.await("ack")
	late := s.join("late", client.Options{}) // waits
	late.check(late.Search())
	late.await("searching")
	s.runs(exitOK, "backup", "--db", s.db, "backup.db")

	line, said := s.drills(exitOK, "backup.db")
	if !line.Passed || line.Resumable != 3 || line.Letters != 1 || line.Chats != 1 || line.Waiting != 1 || len(line.Steps) != 7 ||
		line.Lost < 0 || line.Against != s.db {
		t.Errorf("%+v\n%s", line, said)
	}
	s.asks(`SELECT count(*) FROM v_boots`, "1")
	b.dial(b.Resume())
	if re := b.greet(); re.State != "matched" || re.Replay != 1 {
		t.Errorf("%+v", re)
	}

	shellWrites(t, s.dir+"/backup.db", `UPDATE sessions SET matched_at = matched_at + side WHERE pair > 0`)
	if line, said := s.drills(exitFailure, "backup.db"); line.Passed || !strings.Contains(line.Error, "broken law (L2") || len(line.Steps) != 2 {
		t.Errorf("%+v\n%s", line, said)
	}
	if line, said := s.drills(exitFailure, "none.db"); line.Passed || line.Lost != -1 || !strings.Contains(said, "there is no database") {
		t.Errorf("%+v\n%s", line, said)
	}
	s.copies("again.db")
	b.say() // a change later than the copy: the mail is confirmed, the session back
	if line, said := s.drills(exitFailure, "--max-lost", "1ns", "again.db", "--db", "none.db"); line.Passed || !strings.Contains(line.Error, "--max-lost") {
		t.Errorf("%+v\n%s", line, said)
	}
}

// drills runs the command with a directory of its own for what it makes, and wants that to be empty afterwards.
func (s *site) drills(code int, args ...string) (line drillLine, said string) {
	s.tb.Helper()
	cmd := s.command(append([]string{"drill", "--json", "--db", s.db}, args...)...)
	tmp := s.tb.TempDir()
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Run() // the exit code says more
	said = stdout.String() + stderr.String()
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.tb.Fatalf("drill %q: exit code %d, want %d\n%s", args, got, code, said)
	}
	if err := json.Unmarshal(stdout.Bytes(), &line); err != nil {
		s.tb.Fatalf("%v\n%s", err, said)
	}
	wantEmpty(s.tb, tmp)
	return line, said
}

func wantEmpty(tb testing.TB, dir string) {
	tb.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		tb.Errorf("left %v, %v", left, err)
	}
}

// testDrillInterrupted: whenever a drill is interrupted it is over at once, with its server and all that it made.
func testDrillInterrupted(t *testing.T, s *site) {
	s.runs(exitOK, "example-db", "backup.db")
	for _, server := range []bool{false, true} {
		// A drill takes less time than a busy machine may take to look at it again: then it is the next that is interrupted.
		for attempt := 1; !s.interruptsDrill(t, server); attempt++ {
			if attempt == 20 {
				t.Fatalf("%d drills were over before they could be interrupted", attempt)
			}
		}
	}
}

// interruptsDrill interrupts a drill once it has made something, or has its server. It returns false if the drill was over first.
func (s *site) interruptsDrill(t *testing.T, server bool) bool {
	cmd := s.command("drill", "backup.db")
	tmp := t.TempDir()
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		cmd.Wait() // the exit code says more
	}()
	isOver := func() bool {
		select {
		case <-over:
			return true
		default:
			return false
		}
	}
	eventually(t, "the drill is under way", func() bool {
		if isOver() {
			return true
		}
		made, err := os.ReadDir(tmp)
		if err != nil || len(made) == 0 || !server {
			return err == nil && len(made) > 0
		}
		log, err := os.ReadFile(tmp + "/" + made[0].Name() + "/log")
		return err == nil && len(log) > 0
	})
	cmd.Process.Signal(syscall.SIGINT) // fails if it is over
	<-over
	wantEmpty(t, tmp)
	switch code := cmd.ProcessState.ExitCode(); {
	case code == exitOK:
		return false
	case code != exitFailure || !strings.Contains(stderr.String(), "interrupted"):
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	if out, err := exec.Command("pgrep", "-f", tmp).Output(); err == nil {
		t.Errorf("still running: %s", out)
	}
	return true
}
