package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/stage"
	"chatme/internal/testbed"
)

// TestBackupCopiedOverGetsNewEpoch: a backup from the run that has just ended is copied over the database, so the file
// and the start are the same. The chat in it has ended since and its mail has arrived; neither appears again.
func TestBackupCopiedOverGetsNewEpoch(t *testing.T) {
	stage.Long(t)
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.Build(t, bin)
	backup := func(s *testbed.Site) {
		if said := runs(s, exit.OK, "backup", "--db", s.DB, "backup.db"); strings.Contains(said, "warning") {
			t.Errorf("backup printed %s", said)
		}
	}
	outside := func(s *testbed.Site) { copies(s, "backup.db") }
	stopped := func(s *testbed.Site, server *testbed.Process) {
		if code, _ := server.Terminate(); code != exit.OK {
			t.Errorf("exit code %d", code)
		}
	}
	killed := func(_ *testbed.Site, server *testbed.Process) { server.Kill() }
	for name, tt := range map[string]struct {
		backup func(s *testbed.Site)
		end    func(s *testbed.Site, server *testbed.Process)
		why    string
	}{
		"backup, killed":  {backup, killed, "had counted to"},
		"backup, stopped": {backup, stopped, "had counted to"},
		"copy, killed": {outside, func(s *testbed.Site, server *testbed.Process) {
			chatsOn(s) // for more than a second; otherwise the killed server leaves the same state as the copy
			server.Kill()
		}, "had counted to"},
		"copy, stopped": {outside, stopped, "had"}, // stopped, or counter advanced, whichever is detected first
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			copiedOver(t, testbed.NewSite(t, bin), tt.backup, tt.end, tt.why)
		})
	}
}

func copiedOver(t *testing.T, s *testbed.Site, backup func(*testbed.Site), end func(*testbed.Site, *testbed.Process), why string) {
	server, _ := s.Start()
	a, b := heldMail(s)
	epoch := a.State().Epoch

	backup(s)
	b.Dial(b.Resume())
	if re := b.Greet(); re.State != "matched" || re.Replay != 2 {
		t.Fatalf("b: %+v", re)
	}
	b.Hear(a)
	b.Check(b.Ack())
	b.Check(b.Next()) // the chat is over, and b is in another one
	a.Await("partner_disconnected")
	a.Leave() // a is before b in the queue: c would meet it until its lost socket is noticed
	c := s.Join("c", client.Options{})
	c.Search()
	b.Matched()
	end(s, server)

	if out, err := exec.Command("cp", filepath.Join(s.Dir, "backup.db"), s.DB).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v: %s", err, out)
	}
	if _, err := os.Stat(s.DB + "-wal"); err == nil { // a killed server's WAL is not mixed with the copy
		said := s.Fails(exit.BadDatabase, s.Command("serve", "--addr", s.Addr, "--db", s.DB))
		if !strings.Contains(said, "a copy was put over the database") {
			t.Errorf("next to the previous WAL: %s", said)
		}
		for _, name := range []string{s.DB + "-wal", s.DB + "-shm"} {
			os.Remove(name)
		}
	}
	s.Asks(`SELECT count(*) FROM v_pairs`, "1")
	s.Asks(`SELECT messages FROM v_mailbox`, "2")
	s.Start()
	if log := s.Wrote.String(); strings.Count(log, "restored from a backup") != 1 || !strings.Contains(log, why) {
		t.Errorf("the log does not contain exactly once %s:\n%s", why, log)
	}
	s.Asks(`SELECT count(*) FROM v_pairs`, "0")
	b.Dial(b.Resume())
	if re := b.Greet(); re.Type != "resumed" || re.State != "ended" || re.Epoch == epoch || re.Replay != 0 {
		t.Errorf("b, of epoch %s: %+v", epoch, re)
	}
	b.Expect("partner_disconnected", "searching")
	s.ComesTo(`SELECT count(*) FROM v_mailbox`, "0")
}

// chatsOn makes clients come and go until the server has advanced its counter.
func chatsOn(s *testbed.Site) {
	s.TB.Helper()
	was := counter(s)
	for ctx := testbed.Step(s.TB); counter(s) == was; {
		p := s.Join("another", client.Options{})
		p.Search()
		p.Drop()
		if ctx.Err() != nil {
			s.TB.Fatalf("the witness still has counter %s", was)
		}
	}
}

// counter returns the server's counter in the witness.
func counter(s *testbed.Site) string {
	s.TB.Helper()
	said := regexp.MustCompile(`counter (\d+)`).FindSubmatch(testbed.MustRead(s.TB, s.DB+".witness"))
	if said == nil {
		s.TB.Fatal("no counter in the witness")
	}
	return strings.TrimLeft(string(said[1]), "0")
}

// TestBackupAdvancesTheCounter: chatme backup makes a running server advance its counter. The output warns if the
// server cannot be asked; without a server there is no warning.
func TestBackupAdvancesTheCounter(t *testing.T) {
	stage.Long(t)
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.Build(t, bin)
	s := testbed.NewSite(t, bin)
	warns := func(name string) string {
		t.Helper()
		var line struct{ Warning string }
		if said := runs(s, exit.OK, "backup", "--db", s.DB, "--json", name); json.Unmarshal([]byte(said), &line) != nil {
			t.Fatalf("not JSON: %s", said)
		}
		return line.Warning
	}
	server, _ := s.Start()
	s.Asks(`SELECT counter FROM boots`, "0")
	for _, want := range []string{"1", "2", "3"} { // however close together
		if warning := warns(want + ".db"); warning != "" {
			t.Error(warning)
		}
		s.Asks(`SELECT counter FROM boots`, want)
		if got := counter(s); got != want {
			t.Errorf("the witness has counter %s, want %s", got, want)
		}
	}
	if code, _ := server.Terminate(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
	if warning := warns("none.db"); warning != "" {
		t.Errorf("without a server: %s", warning)
	}
	s.Asks(`SELECT counter FROM boots`, "3")

	s.Flags = []string{"--admin", "off"}
	s.Start()
	if warning := warns("mute.db"); !strings.Contains(warning, "no such socket") || !strings.Contains(warning, "chatme restore") {
		t.Errorf("with a server that has no admin socket: %q", warning)
	}
	if said := runs(s, exit.OK, "backup", "--db", s.DB, "--admin", "off", "off.db"); !strings.Contains(said, "CHATME_ADMIN is off") {
		t.Errorf("backup printed %s", said)
	}
	s.Asks(`SELECT counter FROM boots ORDER BY boot DESC LIMIT 1`, "0")
}
