package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/recovery"
	"chatme/internal/testbed"
)

// testDrill runs a drill on a backup that was made while clients chat. It passes, finds what it should, and does not
// affect production. A backup that breaks a law fails, and so does one that is too old; nothing is left behind.
func testDrill(t *testing.T, s *testbed.Site) {
	s.Start()
	a, b := s.Join("a", client.Options{}), s.Join("b", client.Options{})
	testbed.Meet(a, b)
	b.Drop()
	a.Await("partner_away")
	a.Say()
	a.Await("ack")
	late := s.Join("late", client.Options{}) // waits
	late.Check(late.Client.Search())
	late.Await("searching")
	runs(s, exit.OK, "backup", "--db", s.DB, "backup.db")

	line, said := drills(s, exit.OK, "backup.db")
	if !line.Passed || line.Resumable != 3 || line.Entries != 1 || line.Chats != 1 || line.Waiting != 1 || len(line.Steps) != 7 ||
		line.Lost < 0 || line.Against != s.DB {
		t.Errorf("%+v\n%s", line, said)
	}
	s.Asks(`SELECT count(*) FROM v_boots`, "1")
	b.Dial(b.Resume())
	if re := b.Greet(); re.State != "matched" || re.Replay != 1 {
		t.Errorf("%+v", re)
	}

	testbed.ShellWrites(t, s.Dir+"/backup.db", `UPDATE sessions SET matched_at = matched_at + side WHERE pair > 0`)
	if line, said := drills(s, exit.Failure, "backup.db"); line.Passed || !strings.Contains(line.Error, "broken law (L2") || len(line.Steps) != 2 {
		t.Errorf("%+v\n%s", line, said)
	}
	if line, said := drills(s, exit.Failure, "none.db"); line.Passed || line.Lost != -1 || !strings.Contains(said, "there is no database") {
		t.Errorf("%+v\n%s", line, said)
	}
	copies(s, "again.db")
	b.Say() // a change after the copy: the mail is confirmed, the session resumed
	if line, said := drills(s, exit.Failure, "--max-lost", "1ns", "again.db", "--db", "none.db"); line.Passed || !strings.Contains(line.Error, "--max-lost") {
		t.Errorf("%+v\n%s", line, said)
	}
}

// drills runs the command with its own temporary directory, and requires that it is empty afterwards.
func drills(s *testbed.Site, code int, args ...string) (line recovery.DrillLine, said string) {
	s.TB.Helper()
	cmd := s.Command(append([]string{"drill", "--json", "--db", s.DB}, args...)...)
	tmp := s.TB.TempDir()
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Run() // the exit code says more
	said = stdout.String() + stderr.String()
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.TB.Fatalf("drill %q: exit code %d, want %d\n%s", args, got, code, said)
	}
	if err := json.Unmarshal(stdout.Bytes(), &line); err != nil {
		s.TB.Fatalf("%v\n%s", err, said)
	}
	wantEmpty(s.TB, tmp)
	return line, said
}

func wantEmpty(tb testing.TB, dir string) {
	tb.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		tb.Errorf("left behind: %v, %v", left, err)
	}
}

// testDrillInterrupted: a drill that is interrupted ends at once, with its server, and leaves nothing behind.
func testDrillInterrupted(t *testing.T, s *testbed.Site) {
	runs(s, exit.OK, "example-db", "backup.db")
	for _, server := range []bool{false, true} {
		// A drill may end before a busy machine looks at it again; then the next one is interrupted.
		for attempt := 1; !interruptDrill(t, s, server); attempt++ {
			if attempt == 20 {
				t.Fatalf("%d drills ended before they could be interrupted", attempt)
			}
		}
	}
}

// interruptDrill interrupts a drill that has made its directory, or started its server. It returns false if the drill ended
// first.
func interruptDrill(t *testing.T, s *testbed.Site, server bool) bool {
	cmd := s.Command("drill", "backup.db")
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
	testbed.Eventually(t, "the drill is running", func() bool {
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
	cmd.Process.Signal(syscall.SIGINT) // fails if it has ended
	<-over
	wantEmpty(t, tmp)
	switch code := cmd.ProcessState.ExitCode(); {
	case code == exit.OK:
		return false
	case code != exit.Failure || !strings.Contains(stderr.String(), "interrupted"):
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	if out, err := exec.Command("pgrep", "-f", tmp).Output(); err == nil {
		t.Errorf("still running: %s", out)
	}
	return true
}
