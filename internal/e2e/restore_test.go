package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/testbed"
)

// testRestoredByHand restores a backup with sqlite3 and a shell.
func testRestoredByHand(t *testing.T, s *testbed.Site) {
	restored(t, s, func(name string) { copies(s, name) }, func(name string) {
		for _, name := range []string{s.DB, s.DB + "-wal", s.DB + "-shm"} {
			exec.Command("rm", "-f", name).Run()
		}
		if out, err := exec.Command("mv", filepath.Join(s.Dir, name), s.DB).CombinedOutput(); err != nil {
			t.Fatalf("restore: %v: %s", err, out)
		}
	})
}

// testRestoredByCommand restores with the commands. restore is refused while a server runs.
func testRestoredByCommand(t *testing.T, s *testbed.Site) {
	restored(t, s, func(name string) {
		runs(s, exit.OK, "backup", "--db", s.DB, name)
		runs(s, exit.AlreadyRunning, "restore", "--db", s.DB, "--replace", name)
	}, func(name string) {
		runs(s, exit.NotWritable, "restore", "--db", s.DB, name) // it exists
		runs(s, exit.OK, "restore", "--db", s.DB, "--replace", name)
	})
}

// runs runs another command in the directory of the site, and requires this exit code.
func runs(s *testbed.Site, code int, args ...string) string {
	s.TB.Helper()
	cmd := s.Command(args...)
	out, _ := cmd.CombinedOutput() // the exit code says more
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.TB.Fatalf("chatme %q: exit code %d, want %d: %s", args, got, code, out)
	}
	return string(out)
}

// heldMail returns two clients in a chat: b is disconnected, and two messages of a are held for it.
func heldMail(s *testbed.Site) (a, b *testbed.Person) {
	a, b = s.Join("a", client.Options{}), s.Join("b", client.Options{})
	testbed.Meet(a, b)
	b.Drop()
	a.Await("partner_away")
	a.Say()
	a.Say()
	for a.State().Acked < 2 {
		a.Await("ack")
	}
	return a, b
}

// restored replaces the database with a backup. All chats in it are over, its mail reaches the sessions that name it,
// and no client is told anything untrue.
func restored(t *testing.T, s *testbed.Site, backup, putBack func(name string)) {
	server, _ := s.Start()
	a, b := heldMail(s)
	epoch := a.State().Epoch

	backup("backup.db")
	a.Say()
	a.Await("ack")
	late := s.Join("late", client.Options{}) // not in the backup
	late.Search()
	if code, _ := server.Terminate(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}

	putBack("backup.db")
	server, _ = s.Start()
	if log := s.Wrote.String(); strings.Count(log, "restored from a backup") != 1 {
		t.Errorf("the log does not report the restored database exactly once:\n%s", log)
	}
	s.Asks(`SELECT count(*) FROM v_pairs`, "0")

	a.Dial(a.Resume())
	re := a.Greet()
	if re.Type != "resumed" || re.State != "ended" || !re.Gap || re.Epoch == epoch {
		t.Errorf("a, of epoch %s: %+v", epoch, re)
	}
	a.Expect("partner_disconnected", "searching")
	b.Dial(b.Resume())
	if re := b.Greet(); re.State != "ended" || !re.Gap || re.Replay != 2 {
		t.Errorf("b: %+v", re)
	}
	for range 2 {
		m := b.Expect("message")
		b.Takes(a, &m)
	}
	b.Expect("partner_disconnected", "searching")
	b.Check(b.Ack())
	a.Expect("matched") // b has confirmed its tail
	b.Expect("matched")
	late.Dial(late.Resume())
	if m := late.Greet(); m.Type != "resume_failed" || m.Code != "unknown" {
		t.Errorf("late: %+v", m)
	}

	// From here on it is a database like any other.
	server.Kill()
	_, ready := s.Start()
	if ready.Restored != 2 {
		t.Errorf("%d restored after a kill, want the 2 in the chat", ready.Restored)
	}
	if log := s.Wrote.String(); strings.Count(log, "restored from a backup") != 1 {
		t.Errorf("a kill was treated as a restore:\n%s", log)
	}
}
