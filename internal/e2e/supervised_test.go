package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/testbed"
)

// testSupervised runs the server as a systemd service with a watchdog. It reports that it is ready, feeds the watchdog
// while idle, which writes nothing to disk, and reports when it reloads its settings and when it stops.
func testSupervised(t *testing.T, s *testbed.Site) {
	manager := newManager(t)
	s.Env = []string{"NOTIFY_SOCKET=" + manager.path, "WATCHDOG_USEC=150000"}
	server, _ := s.Start()
	manager.hears("READY=1")
	a, b := s.Join("a", client.Options{}), s.Join("b", client.Options{Legacy: true})
	testbed.Meet(a, b)
	testbed.Talk(a, b)
	manager.hears("WATCHDOG=1\nSTATUS=2 sockets, 2 sessions connected.")

	before := written(t, s)
	for range 10 {
		manager.hears("WATCHDOG=1")
	}
	if after := written(t, s); after != before {
		t.Errorf("feeding the watchdog changed the files: now %s, before %s", after, before)
	}
	if err := server.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	manager.hears("RELOADING=1\nMONOTONIC_USEC=")
	manager.hears("READY=1")
	testbed.Talk(a, b)
	if code, _ := server.Terminate(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
	manager.hears("STOPPING=1")
}

// written returns a fingerprint of the database and WAL files, without opening them.
func written(t *testing.T, s *testbed.Site) (state string) {
	t.Helper()
	for _, name := range []string{s.DB, s.DB + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		state += info.ModTime().Format(time.RFC3339Nano) + " "
	}
	return state
}

// manager is a systemd that reads all notifications of a service.
type manager struct {
	t    *testing.T
	path string
	told chan string // buffered for more than a test needs; closed with the socket
}

func newManager(t *testing.T) *manager {
	t.Helper()
	m := &manager{t: t, path: filepath.Join(t.TempDir(), "notify"), told: make(chan string, 1<<16)}
	conn := testbed.ListenNotify(t, m.path)
	go func() {
		defer close(m.told)
		for buf := make([]byte, 4096); ; {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			m.told <- string(buf[:n])
		}
	}()
	return m
}

// hears skips notifications until one starts with want.
func (m *manager) hears(want string) {
	m.t.Helper()
	var heard []string
	for ctx := testbed.Step(m.t); ; {
		select {
		case state := <-m.told:
			if strings.HasPrefix(state, want) {
				return
			}
			heard = append(heard, state)
		case <-ctx.Done():
			m.t.Fatalf("want %q after %q", want, heard)
		}
	}
}
