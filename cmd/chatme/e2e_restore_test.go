package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/client"
)

// testRestoredByHand puts a backup back as sqlite3 and a shell do.
func testRestoredByHand(t *testing.T, s *site) {
	restored(t, s, func(name string) { copies(s, name) }, func(name string) {
		for _, name := range []string{s.db, s.db + "-wal", s.db + "-shm"} {
			exec.Command("rm", "-f", name).Run()
		}
		if out, err := exec.Command("mv", filepath.Join(s.dir, name), s.db).CombinedOutput(); err != nil {
			t.Fatalf("restore: %v: %s", err, out)
		}
	})
}

// testRestoredByCommand does it with the commands, of which restore is refused as long as a server runs.
func testRestoredByCommand(t *testing.T, s *site) {
	restored(t, s, func(name string) {
		runs(s, exitOK, "backup", "--db", s.db, name)
		runs(s, exitAlreadyRunning, "restore", "--db", s.db, "--replace", name)
	}, func(name string) {
		runs(s, exitNotWritable, "restore", "--db", s.db, name) // it exists
		runs(s, exitOK, "restore", "--db", s.db, "--replace", name)
	})
}

// runs runs another command in the directory of the site, and wants this exit code.
func runs(s *site, code int, args ...string) string {
	s.tb.Helper()
	cmd := s.command(args...)
	out, _ := cmd.CombinedOutput() // the exit code says more
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.tb.Fatalf("chatme %q: exit code %d, want %d: %s", args, got, code, out)
	}
	return string(out)
}

// restored puts a backup back in place of the database: what it knows of is over, what it holds comes to those
// who name it, and nobody is told what is not so.
func restored(t *testing.T, s *site, backup, putBack func(name string)) {
	server, _ := s.start()
	a, b := s.join("a", client.Options{}), s.join("b", client.Options{})
	meet(a, b)
	epoch := a.State().Epoch
	b.Drop()
	a.await("partner_away")
	a.say()
	a.say()
	for a.State().Acked < 2 {
		a.await("ack")
	}

	backup("backup.db")
	a.say()
	a.await("ack")
	late := s.join("late", client.Options{}) // the backup knows nothing of this one
	if code, _ := server.terminate(); code != exitOK {
		t.Errorf("exit code %d", code)
	}

	putBack("backup.db")
	server, _ = s.start()
	if log := s.wrote.String(); strings.Count(log, "put back from a backup") != 1 {
		t.Errorf("the log does not say once that the database was put back:\n%s", log)
	}
	s.asks(`SELECT count(*) FROM v_pairs`, "0")

	a.dial(a.Resume())
	re := a.greet()
	if re.Type != "resumed" || re.State != "ended" || !re.Gap || re.Epoch == epoch {
		t.Errorf("a, of epoch %s: %+v", epoch, re)
	}
	a.expect("partner_disconnected", "searching")
	b.dial(b.Resume())
	if re := b.greet(); re.State != "ended" || !re.Gap || re.Replay != 2 {
		t.Errorf("b: %+v", re)
	}
	for range 2 {
		m := b.expect("message")
		b.takes(a, &m)
	}
	b.expect("partner_disconnected", "searching")
	b.check(b.Ack())
	a.expect("matched") // b has confirmed its tail
	b.expect("matched")
	late.dial(late.Resume())
	if m := late.greet(); m.Type != "resume_failed" || m.Code != "unknown" {
		t.Errorf("late: %+v", m)
	}

	// From now on it is a database like any other.
	server.kill()
	_, ready := s.start()
	if ready.Restored != 2 {
		t.Errorf("%d restored after a kill, want the two in the chat", ready.Restored)
	}
	if log := s.wrote.String(); strings.Count(log, "put back from a backup") != 1 {
		t.Errorf("a kill is taken for a restore:\n%s", log)
	}
}
