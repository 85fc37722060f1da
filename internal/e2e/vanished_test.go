package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"chatme/internal/app"
	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/stage"
	"chatme/internal/testbed"
)

// noticed is how soon a running server notices that its database has vanished.
const noticed = 10 * time.Second

// TestDatabaseVanishesUnderAServer: the files of the database are removed, replaced or overwritten while a server runs.
// The server becomes not ready and logs the reason once; backup and doctor refuse; the chats continue. Once the files
// are back in place, all is well again.
func TestDatabaseVanishesUnderAServer(t *testing.T) {
	stage.Long(t)
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.Build(t, bin)
	for name, tt := range map[string]struct {
		how, undo string // undo "": not possible
		says      string
	}{
		"removed":          {`mv "$1" "$1.x"`, `mv "$1.x" "$1"`, "chatme.db was removed"},
		"replaced":         {`mv "$1" "$1.x"; mv backup.db "$1"`, `mv "$1.x" "$1"`, "chatme.db was replaced by another file"},
		"emptied":          {`: >"$1"`, "", "chatme.db was emptied"},
		"written over":     {`cp backup.db "$1"`, "", "chatme.db was overwritten"},
		"its -wal removed": {`mv "$1-wal" "$1-x"`, `mv "$1-x" "$1-wal"`, "chatme.db-wal was removed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testbed.NewSite(t, bin)
			s.Expects = app.VanishedMessage
			server, _ := s.Start()
			a, b := s.Join("a", client.Options{}), s.Join("b", client.Options{})
			testbed.Meet(a, b)
			runs(s, exit.OK, "backup", "--db", s.DB, "backup.db")
			wantReady(s, "")
			healthy := func() bool { return s.Command("healthcheck", "--db", s.DB).Run() == nil }
			shell := func(script string) {
				cmd := exec.Command("sh", "-c", script, "-", s.DB)
				cmd.Dir = s.Dir
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v: %s", script, err, out)
				}
			}
			shell(tt.how)
			took := timed(func() { testbed.Eventually(t, "not ready", func() bool { return !healthy() }) })
			if took > noticed {
				t.Errorf("noticed after %v", took)
			}
			wantReady(s, tt.says) // and alive
			for _, command := range [][]string{{"backup", "--db", s.DB, "late.db"}, {"doctor", "--db", s.DB, "--addr", s.Addr}} {
				code := exit.BadDatabase
				if command[0] == "doctor" {
					code = exit.Failure
				}
				if said := runs(s, code, command...); !strings.Contains(said, s.DB) || !strings.Contains(said, "The database has vanished") && tt.undo != "" && name != "its -wal removed" {
					t.Errorf("%s does not tell the operator what to do: %s", command[0], said)
				}
			}
			testbed.Talk(a, b)
			testbed.Talk(b, a)
			s.Says(app.VanishedMessage)
			if tt.undo != "" {
				shell(tt.undo)
				testbed.Eventually(t, "ready again", healthy)
				s.Says("back in place")
				if code, _ := server.Terminate(); code != exit.OK {
					t.Errorf("exit code %d", code)
				}
				s.Start()
				comesBackMatched(a, "away")
			}
			if said := s.Wrote.String(); strings.Count(said, app.VanishedMessage) != 1 || !strings.Contains(said, tt.says) {
				t.Errorf("the log does not contain exactly once %s:\n%s", tt.says, said)
			}
		})
	}
}

// TestVanishedDatabaseIsSaved follows docs/operations.md for a database that was removed under a running server.
func TestVanishedDatabaseIsSaved(t *testing.T) {
	stage.Long(t)
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.Build(t, bin)
	script := section(t, "../../docs/operations.md", "The database has vanished")
	s := testbed.NewSite(t, bin)
	s.Expects = app.VanishedMessage
	server, _ := s.Start()
	a, b := s.Join("a", client.Options{}), s.Join("b", client.Options{})
	testbed.Meet(a, b)
	if err := os.Remove(s.DB); err != nil {
		t.Fatal(err)
	}
	s.Says(app.VanishedMessage)
	late := s.Join("late", client.Options{}) // only in the open file
	late.Check(late.Client.Search())
	late.Expect("searching")
	saved := filepath.Join(t.TempDir(), "saved.db")
	script = strings.NewReplacer("$(systemctl show -P MainPID chatme)", fmt.Sprint(server.Cmd.Process.Pid),
		"/var/lib/chatme/chatme.db", s.DB, "/var/backups/saved.db", saved).Replace(script)
	if out, err := exec.Command("sh", "-ec", script).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", script, err, out)
	}
	testbed.Talk(a, b)
	if code, _ := server.Terminate(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
	said := s.Fails(exit.BadDatabase, s.Command("serve", "--addr", s.Addr, "--db", s.DB))
	if !strings.Contains(said, "is missing") || !strings.Contains(said, s.DB+".witness") {
		t.Errorf("the next start printed %s", said)
	}
	runs(s, exit.OK, "restore", "--db", s.DB, "--replace", saved)
	s.Start()
	s.Asks(`SELECT count(*) FROM v_queue`, "1")
	s.Asks(`SELECT count(*) FROM sessions`, "3")
}

// section returns the indented lines below the paragraph of a document that starts with title in bold.
func section(tb testing.TB, document, title string) string {
	tb.Helper()
	_, text, found := strings.Cut(string(testbed.MustRead(tb, document)), "\n**"+title)
	if !found {
		tb.Fatalf("%s does not contain %q", document, title)
	}
	text, _, _ = strings.Cut(text, "\n**")
	var script []string
	for line := range strings.Lines(text) {
		if code, ok := strings.CutPrefix(line, "    "); ok {
			script = append(script, code)
		}
	}
	return strings.Join(script, "")
}

// testSecondServer: only one server can use a file, whatever name the second server is given for it.
func testSecondServer(t *testing.T, s *testbed.Site) {
	s.Start()
	a, b := s.Join("a", client.Options{}), s.Join("b", client.Options{})
	testbed.Meet(a, b)
	other := t.TempDir()
	names := map[string]string{"a hard link": "ln.db", "a symbolic link": "ln-s.db", "its directory behind one": "dir/chatme.db"}
	for _, link := range [][]string{{"ln", s.DB, "ln.db"}, {"ln", "-s", s.DB, "ln-s.db"}, {"ln", "-s", s.Dir, "dir"}} {
		cmd := exec.Command(link[0], link[1:]...)
		cmd.Dir = other
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v: %s", link, err, out)
		}
	}
	switch {
	case os.Getuid() == 0:
		mounted := filepath.Join(other, "mounted.db")
		testbed.MustWrite(t, mounted, nil)
		if err := syscall.Mount(s.DB, mounted, "", syscall.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Unmount(mounted, 0) })
		names["a bind mount"] = "mounted.db"
	case os.Getenv("CI") != "":
		t.Fatal("needs root privileges to mount a file")
	}
	for what, name := range names {
		cmd := s.Command("serve", "--addr", "127.0.0.1:0", "--db", name)
		cmd.Dir = other
		if said := s.Fails(exit.AlreadyRunning, cmd); !strings.Contains(said, "another server") {
			t.Errorf("%s: %s", what, said)
		}
	}
	testbed.Talk(a, b)
	s.Asks(`PRAGMA integrity_check`, "ok")
}

// testPlantedLock: a symbolic link in place of the lock file is not followed.
func testPlantedLock(t *testing.T, s *testbed.Site) {
	precious := filepath.Join(t.TempDir(), "precious")
	testbed.MustWrite(t, precious, []byte("precious"))
	if err := os.Symlink(precious, s.DB+".lock"); err != nil {
		t.Fatal(err)
	}
	if said := s.Fails(exit.NotWritable, s.Command("serve", "--addr", s.Addr, "--db", s.DB)); !strings.Contains(said, "remove it") {
		t.Errorf("serve printed %s", said)
	}
	if got := string(testbed.MustRead(t, precious)); got != "precious" {
		t.Errorf("the target of the link is now %q", got)
	}
}
