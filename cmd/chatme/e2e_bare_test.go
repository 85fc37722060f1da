package main

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
)

const (
	bareSessions = 5_000 // thirty times as many as SQLite needs a temporary file for to change them all
	bareStarts   = 10
	bareUser     = 65532 // of the image
)

// testBareRoot runs the server as its image does: in a root that has the binary and the directory of the database, as a user
// who may write nowhere else. With thousands of people connected it is killed, and stopped, again and again: each start is
// clean, all of them resume, and the operator's commands work there too. Later there is a /tmp, which is full.
func testBareRoot(t *testing.T, s *site) {
	s.movesToBareRoot(t)
	s.flags = []string{"--admin", "/data/chatme.db.sock"}
	crowd := newBareCrowd(t, s)
	defer crowd.close()
	for start := 1; start <= bareStarts; start++ {
		server, l := s.start()
		want := bareSessions
		if start == 1 {
			want = 0
		}
		if l.Restored != want {
			t.Fatalf("start %d restores %d sessions, want %d", start, l.Restored, want)
		}
		began := time.Now()
		crowd.comes(start == 1)
		t.Logf("start %d: ready in %d ms, all are there %v later", start, l.ReadyMs, time.Since(began).Round(time.Millisecond))
		s.asks(`SELECT here, state, count(*) FROM v_sessions GROUP BY 1, 2`, fmt.Sprintf("connected|paired|%d", bareSessions))
		switch start {
		case bareStarts / 2:
			s.wrote.reset()
			if code, _ := server.terminate(); code != exitOK {
				t.Errorf("exit code %d", code)
			}
			wantBoundedLog(t, s.wrote.String(), bareSessions)
			s.fillsTmp(t)
		case bareStarts:
			s.operatesInBareRoot(t)
		default:
			server.kill()
		}
		crowd.goes()
	}
}

// movesToBareRoot makes the root and has all commands of s run in it.
func (s *site) movesToBareRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("needs root, to run in a root of its own")
		}
		t.Skip("needs root, to run in a root of its own")
	}
	s.root = s.dir
	data := filepath.Join(s.root, "data")
	s.db = filepath.Join(data, "chatme.db")
	writeProgram(t, filepath.Join(s.root, "chatme"), mustRead(t, s.bin))
	for _, err := range []error{
		os.Chmod(s.root, 0o755),
		os.Mkdir(data, 0o750), os.Chown(data, bareUser, bareUser),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s.bin = "/chatme"
}

// fillsTmp gives the root a directory for temporary files that has no room for any.
func (s *site) fillsTmp(t *testing.T) {
	t.Helper()
	tmp := filepath.Join(s.root, "tmp")
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

// operatesInBareRoot runs what an operator runs in a container, beside the server: without /proc, and with it.
func (s *site) operatesInBareRoot(t *testing.T) {
	t.Helper()
	for _, proc := range []string{"no", "with"} {
		if proc == "with" {
			s.mountsProc(t)
		}
		copied := "/data/" + proc + "-proc.db"
		s.runs(exitOK, "healthcheck", "--db", s.db)
		s.runs(exitOK, "status", "--db", s.db)
		s.runs(exitOK, "backup", "--db", s.db, copied)
		s.runs(exitOK, "restore", "--db", copied+".restored", copied)
		s.runs(exitOK, "probe", "--api-key", s.key, s.url())
		var drilled drillLine
		said := s.runs(exitOK, "drill", "--json", "--db", s.db, copied)
		if err := json.Unmarshal([]byte(said), &drilled); err != nil || !drilled.Passed || drilled.Resumable < bareSessions {
			t.Errorf("drill, %s /proc: %v: %s", proc, err, said)
		}
		cmd := s.command("doctor", "--db", s.db)
		if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() > exitFailure || !strings.Contains(string(out), "integrity") {
			t.Errorf("doctor, %s /proc: %v\n%s", proc, err, out)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(s.root, "data", "*.part-*")); len(left) != 0 {
		t.Errorf("left %q", left)
	}
}

// mountsProc gives the root a /proc.
func (s *site) mountsProc(t *testing.T) {
	t.Helper()
	proc := filepath.Join(s.root, "proc")
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

// wantBoundedLog wants so many ends of connections in the log of a stop that took seconds: ten a second in a line each,
// and the others counted.
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
	if single+counted != ends || single > 10*int(stepTimeout/time.Second) || reports != 1 {
		t.Errorf("%d connections end: %d lines, and %d reports of %d", ends, single, reports, counted)
	}
}

// bareCrowd is people who are in chats with one another, on one loop: a goroutine for each would take longer than the server.
type bareCrowd struct {
	tb     testing.TB
	site   *site
	people []*benchConn
	loop   *benchLoop // of the sockets there are; nil: there are none
}

func newBareCrowd(tb testing.TB, s *site) *bareCrowd {
	return &bareCrowd{tb: tb, site: s, people: people(bareSessions, false)}
}

// comes connects everybody; with search set they are new, and are matched with each other.
func (c *bareCrowd) comes(search bool) {
	c.tb.Helper()
	to, err := netip.ParseAddrPort(c.site.addr)
	if err == nil {
		c.loop, err = newBenchLoop(to, c.site.addr, "/", c.site.key)
	}
	if err == nil {
		err = c.loop.arrive(c.tb.Context(), c.people, 64, &benchHistogram{})
	}
	if err == nil && search {
		matched := 0
		for _, p := range c.people {
			p.hears = func(_ *benchConn, m *heard) {
				if string(m.kind) == "matched" {
					matched++
				}
			}
			p.say(`{"type":"search"}`)
		}
		err = c.loop.runUntil(c.tb.Context(), connectWithin, "matching", func() bool { return matched == len(c.people) })
	}
	if err != nil {
		c.tb.Fatal(err)
	}
}

// goes cuts all sockets.
func (c *bareCrowd) goes() {
	c.loop.close()
	c.loop = nil
}

func (c *bareCrowd) close() {
	if c.loop != nil {
		c.loop.close()
	}
}
