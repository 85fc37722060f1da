package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"chatme/internal/client"
)

// TestBackupCopiedOverGetsNewEpoch: a backup of the very run that has just ended is copied over the database: the same file,
// the same start. The chat it tells of has ended since and its mail has arrived; neither comes again.
func TestBackupCopiedOverGetsNewEpoch(t *testing.T) {
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "chatme")
	build(t, bin)
	backup := func(s *site) {
		if said := runs(s, exitOK, "backup", "--db", s.db, "backup.db"); strings.Contains(said, "warning") {
			t.Errorf("backup says %s", said)
		}
	}
	outside := func(s *site) { copies(s, "backup.db") }
	stopped := func(s *site, server *process) {
		if code, _ := server.terminate(); code != exitOK {
			t.Errorf("exit code %d", code)
		}
	}
	killed := func(_ *site, server *process) { server.kill() }
	for name, tt := range map[string]struct {
		backup func(s *site)
		end    func(s *site, server *process)
		why    string
	}{
		"backup, killed":  {backup, killed, "had counted to"},
		"backup, stopped": {backup, stopped, "had counted to"},
		"copy, killed": {outside, func(s *site, server *process) {
			chatsOn(s) // for more than a second, or the kill leaves a copy that is as good as new
			server.kill()
		}, "had counted to"},
		"copy, stopped": {outside, stopped, "had"}, // stopped, or counted on, whichever is seen first
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			copiedOver(t, newSite(t, bin), tt.backup, tt.end, tt.why)
		})
	}
}

func copiedOver(t *testing.T, s *site, backup func(*site), end func(*site, *process), why string) {
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

	backup(s)
	b.dial(b.Resume())
	if re := b.greet(); re.State != "matched" || re.Replay != 2 {
		t.Fatalf("b: %+v", re)
	}
	b.hear(a)
	b.check(b.Ack())
	b.check(b.Next()) // the chat is over, and b is in another one
	a.await("partner_disconnected")
	a.leave() // the queue, where it is before b: c would meet it as long as a lost socket is not noticed
	c := s.join("c", client.Options{})
	c.search()
	b.matched()
	end(s, server)

	if out, err := exec.Command("cp", filepath.Join(s.dir, "backup.db"), s.db).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v: %s", err, out)
	}
	if _, err := os.Stat(s.db + "-wal"); err == nil { // of a killed server: it is not mixed with the copy
		said := s.fails(exitBadDatabase, s.command("serve", "--addr", s.addr, "--db", s.db))
		if !strings.Contains(said, "a copy was put over the database") {
			t.Errorf("beside the former WAL: %s", said)
		}
		for _, name := range []string{s.db + "-wal", s.db + "-shm"} {
			os.Remove(name)
		}
	}
	s.asks(`SELECT count(*) FROM v_pairs`, "1")
	s.asks(`SELECT messages FROM v_mailbox`, "2")
	s.start()
	if log := s.wrote.String(); strings.Count(log, "put back from a backup") != 1 || !strings.Contains(log, why) {
		t.Errorf("the log does not say once that %s:\n%s", why, log)
	}
	s.asks(`SELECT count(*) FROM v_pairs`, "0")
	b.dial(b.Resume())
	if re := b.greet(); re.Type != "resumed" || re.State != "ended" || re.Epoch == epoch || re.Replay != 0 {
		t.Errorf("b, of epoch %s: %+v", epoch, re)
	}
	b.expect("partner_disconnected", "searching")
	s.comesTo(`SELECT count(*) FROM v_mailbox`, "0")
}

// chatsOn has clients come and go until the server has counted on.
func chatsOn(s *site) {
	s.tb.Helper()
	was := counter(s)
	for ctx := step(s.tb); counter(s) == was; {
		s.join("another", client.Options{}).Drop()
		if ctx.Err() != nil {
			s.tb.Fatalf("the witness still says %s", was)
		}
	}
}

// counter is how far the witness says that the server has come.
func counter(s *site) string {
	s.tb.Helper()
	said := regexp.MustCompile(`counter (\d+)`).FindSubmatch(mustRead(s.tb, s.db+".witness"))
	if said == nil {
		s.tb.Fatal("no counter in the witness")
	}
	return strings.TrimLeft(string(said[1]), "0")
}

// TestBackupAdvancesTheCounter: chatme backup has the server that serves the database count on; one that cannot be asked is
// told of in the output, and without a server there is nothing to tell.
func TestBackupAdvancesTheCounter(t *testing.T) {
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "chatme")
	build(t, bin)
	s := newSite(t, bin)
	warns := func(name string) string {
		t.Helper()
		var line struct{ Warning string }
		if said := runs(s, exitOK, "backup", "--db", s.db, "--json", name); json.Unmarshal([]byte(said), &line) != nil {
			t.Fatalf("not JSON: %s", said)
		}
		return line.Warning
	}
	server, _ := s.start()
	s.asks(`SELECT counter FROM boots`, "0")
	for _, want := range []string{"1", "2", "3"} { // however little time lies between
		if warning := warns(want + ".db"); warning != "" {
			t.Error(warning)
		}
		s.asks(`SELECT counter FROM boots`, want)
		if got := counter(s); got != want {
			t.Errorf("the witness has counted to %s, want %s", got, want)
		}
	}
	if code, _ := server.terminate(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if warning := warns("none.db"); warning != "" {
		t.Errorf("without a server: %s", warning)
	}
	s.asks(`SELECT counter FROM boots`, "3")

	s.flags = []string{"--admin", "off"}
	s.start()
	if warning := warns("mute.db"); !strings.Contains(warning, "no such socket") || !strings.Contains(warning, "chatme restore") {
		t.Errorf("with a server that has no admin socket: %q", warning)
	}
	if said := runs(s, exitOK, "backup", "--db", s.db, "--admin", "off", "off.db"); !strings.Contains(said, "CHATME_ADMIN is off") {
		t.Errorf("backup says %s", said)
	}
	s.asks(`SELECT counter FROM boots ORDER BY boot DESC LIMIT 1`, "0")
}
