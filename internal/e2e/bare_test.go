package e2e

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"chatme/internal/exit"
	"chatme/internal/load"
	"chatme/internal/recovery"
	"chatme/internal/stage"
	"chatme/internal/testbed"
)

const (
	bareSessions = 5_000 // thirty times the number that makes SQLite need a temporary file to change them all
	bareStarts   = 10
)

// testBareRoot runs the server as its image does: in a root with only the binary and the database directory, as a user
// that cannot write anywhere else. It is killed and stopped repeatedly with thousands of clients connected. Each start
// is clean, all clients resume, and the operator's commands work there too. Later there is a /tmp, which is full.
func testBareRoot(t *testing.T, s *testbed.Site) {
	movesToBareRoot(t, s)
	s.Flags = []string{"--admin", "/data/chatme.db.sock"}
	crowd := newBareCrowd(t, s)
	defer crowd.close()
	for start := 1; start <= bareStarts; start++ {
		server, l := s.Start()
		want := bareSessions
		if start == 1 {
			want = 0
		}
		if l.Restored != want {
			t.Fatalf("start %d restored %d sessions, want %d", start, l.Restored, want)
		}
		began := time.Now()
		crowd.comes(start == 1)
		t.Logf("start %d: ready in %d ms, all clients resumed %v later", start, l.ReadyMs, time.Since(began).Round(time.Millisecond))
		s.Asks(`SELECT here, state, count(*) FROM v_sessions GROUP BY 1, 2`, fmt.Sprintf("connected|paired|%d", bareSessions))
		switch start {
		case bareStarts / 2:
			s.Wrote.Reset()
			if code, _ := server.Terminate(); code != exit.OK {
				t.Errorf("exit code %d", code)
			}
			wantBoundedLog(t, s.Wrote.String(), bareSessions)
			fillsTmp(t, s)
		case bareStarts:
			operatesInBareRoot(t, s)
		default:
			server.Kill()
		}
		crowd.goes()
	}
}

// movesToBareRoot creates the root and makes all commands of s run in it.
func movesToBareRoot(t *testing.T, s *testbed.Site) {
	t.Helper()
	stage.Root(t, "change its root")
	s.Root = s.Dir
	data := filepath.Join(s.Root, "data")
	s.DB = filepath.Join(data, "chatme.db")
	testbed.WriteProgram(t, filepath.Join(s.Root, "chatme"), testbed.MustRead(t, s.Bin))
	for _, err := range []error{
		os.Chmod(s.Root, 0o755),
		os.Mkdir(data, 0o750), os.Chown(data, testbed.BareUser, testbed.BareUser),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s.Bin = "/chatme"
}

// fillsTmp gives the root a full /tmp.
func fillsTmp(t *testing.T, s *testbed.Site) {
	t.Helper()
	tmp := filepath.Join(s.Root, "tmp")
	if err := os.Mkdir(tmp, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", tmp, "tmpfs", 0, "size=64k,mode=1777"); err != nil {
		t.Fatalf("mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(tmp, 0); err != nil {
			t.Errorf("unmount %s: %v", tmp, err)
		}
	})
	fillDisk(t, tmp)
}

// operatesInBareRoot runs the operator's commands in a container, next to the server: without /proc, and with it.
func operatesInBareRoot(t *testing.T, s *testbed.Site) {
	t.Helper()
	for _, proc := range []string{"no", "with"} {
		if proc == "with" {
			mountsProc(t, s)
		}
		copied := "/data/" + proc + "-proc.db"
		runs(s, exit.OK, "healthcheck", "--db", s.DB)
		runs(s, exit.OK, "status", "--db", s.DB)
		runs(s, exit.OK, "backup", "--db", s.DB, copied)
		runs(s, exit.OK, "restore", "--db", copied+".restored", copied)
		runs(s, exit.OK, "probe", "--api-key", s.Key, s.URL())
		var drilled recovery.DrillLine
		said := runs(s, exit.OK, "drill", "--json", "--db", s.DB, copied)
		if err := json.Unmarshal([]byte(said), &drilled); err != nil || !drilled.Passed || drilled.Resumable < bareSessions {
			t.Errorf("drill, %s /proc: %v: %s", proc, err, said)
		}
		cmd := s.Command("doctor", "--db", s.DB)
		if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() > exit.Failure || !strings.Contains(string(out), "integrity") {
			t.Errorf("doctor, %s /proc: %v\n%s", proc, err, out)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(s.Root, "data", "*.part-*")); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

// mountsProc gives the root a /proc.
func mountsProc(t *testing.T, s *testbed.Site) {
	t.Helper()
	proc := filepath.Join(s.Root, "proc")
	if err := os.Mkdir(proc, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("/proc", proc, "", syscall.MS_BIND, ""); err != nil {
		t.Fatalf("mount /proc: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(proc, 0); err != nil {
			t.Errorf("unmount %s: %v", proc, err)
		}
	})
}

// wantBoundedLog requires that the log of a shutdown that took seconds accounts for this many ended connections: ten a
// second in one line each, and the others counted.
func wantBoundedLog(t *testing.T, text string, ends int) {
	t.Helper()
	single, counted, reports := 0, 0, 0
	for _, l := range strings.Split(text, "\n") {
		var one struct {
			Msg   string
			Count int
		}
		switch json.Unmarshal([]byte(l), &one); one.Msg {
		case "connection ended":
			single++
		case "connections ended":
			counted += one.Count
			reports++
		}
	}
	if single+counted != ends || single > 10*int(testbed.StepTimeout/time.Second) || reports != 1 {
		t.Errorf("%d connections ended: %d lines, and %d reports of %d", ends, single, reports, counted)
	}
}

// bareCrowd is clients that chat with one another, on one loop: a goroutine for each would take longer than the server.
type bareCrowd struct {
	tb     testing.TB
	site   *testbed.Site
	people []*load.Conn
	loop   *load.Loop // of the open sockets; nil: none
}

func newBareCrowd(tb testing.TB, s *testbed.Site) *bareCrowd {
	return &bareCrowd{tb: tb, site: s, people: load.People(bareSessions, false)}
}

// comes connects all clients. With search set they are new, and are matched with each other.
func (c *bareCrowd) comes(search bool) {
	c.tb.Helper()
	to, err := netip.ParseAddrPort(c.site.Addr)
	if err == nil {
		c.loop, err = load.NewLoop(to, c.site.Addr, "/", c.site.Key)
	}
	if err == nil {
		err = c.loop.Arrive(c.tb.Context(), c.people, 64, &load.Histogram{})
	}
	if err == nil && search {
		matched := 0
		for _, p := range c.people {
			p.Hears = func(_ *load.Conn, m *load.Heard) {
				if string(m.Kind) == "matched" {
					matched++
				}
			}
			p.Say(`{"type":"search"}`)
		}
		err = c.loop.RunUntil(c.tb.Context(), load.ConnectWithin, "matching", func() bool { return matched == len(c.people) })
	}
	if err != nil {
		c.tb.Fatal(err)
	}
}

// goes cuts all sockets.
func (c *bareCrowd) goes() {
	c.loop.Close()
	c.loop = nil
}

func (c *bareCrowd) close() {
	if c.loop != nil {
		c.loop.Close()
	}
}
