package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"chatme/internal/exit"
	"chatme/internal/testbed"
	"chatme/internal/testcard"
)

const (
	pictureBytes = 15 << 20
	picturePairs = 10
)

// testPictures: in a control group with this much memory and with the default settings, ten pairs send each other
// pictures, both sides at the same time. Known defect: the kernel killed the server.
func testPictures(mebibytes int64) func(*testing.T, *testbed.Site) {
	return func(t *testing.T, s *testbed.Site) {
		group := newGroup(t, mebibytes<<20)
		s.First = fmt.Sprintf(`echo $$ >%s/cgroup.procs`, group.dir)
		server, _ := s.Start()
		for _, each := range []struct {
			name string
			old  func(pair int) bool
		}{
			{"resumable", func(int) bool { return false }},
			{"old", func(int) bool { return true }},
		} {
			took := timed(func() { picturesBothWays(t, s, each.old) })
			t.Logf("%d MiB: pictures of ten %s pairs took %v; the server had %d MiB at most", mebibytes, each.name, took.Round(time.Millisecond), group.peak()>>20)
		}
		took := timed(func() { picturesForTheAway(t, s) })
		t.Logf("%d MiB: pictures for ten absent clients took %v; the server had %d MiB at most", mebibytes, took.Round(time.Millisecond), group.peak()>>20)
		if code, _ := server.Terminate(); code != exit.OK {
			t.Errorf("exit code %d", code)
		}
	}
}

// picturesBothWays makes ten new pairs send each other a picture at the same time, and waits until all have arrived.
func picturesBothWays(t *testing.T, s *testbed.Site, old func(pair int) bool) {
	t.Helper()
	var all []*painter
	for i := range picturePairs {
		a, b := newPainter(s, t, fmt.Sprintf("%d.a", i), old(i)), newPainter(s, t, fmt.Sprintf("%d.b", i), old(i))
		a.meets(b)
		all = append(all, a, b)
	}
	failed := endsTogether(t, s, all)
	var running sync.WaitGroup
	for i, p := range all {
		picture := testcard.URI(strings.Repeat(string(rune('A'+i)), pictureBytes))
		p.wants, p.failed = string(rune('A'+(i^1))), failed
		running.Go(func() { p.paint(picture, i%4 < 2) })
		running.Go(func() { p.look(getsPicture | pictureTaken) })
	}
	running.Wait()
	for _, p := range all {
		p.leaves()
	}
}

// endsTogether returns a function that closes the sockets of all painters, so that the test does not wait for them after one
// has failed, and logs what the server wrote.
func endsTogether(t *testing.T, s *testbed.Site, all []*painter) (failed func()) {
	return sync.OnceFunc(func() {
		t.Cleanup(func() { t.Logf("the server wrote:\n%s", s.Wrote) }) // by then it has written why
		for _, p := range all {
			p.ws.Close()
		}
	})
}

// picturesForTheAway disconnects one side of ten new pairs, makes the other send it a picture, and reconnects all once
// the picture is held for them or was refused.
func picturesForTheAway(t *testing.T, s *testbed.Site) {
	t.Helper()
	var here, away []*painter
	for i := range picturePairs {
		a, b := newPainter(s, t, fmt.Sprintf("%d.a", i), false), newPainter(s, t, fmt.Sprintf("%d.b", i), false)
		a.meets(b)
		b.leaves()
		a.hear("partner_away")
		b.wants = string(rune('A' + i))
		here, away = append(here, a), append(away, b)
	}
	failed := endsTogether(t, s, here) // the others get what is held for them anyway
	var running sync.WaitGroup
	for i, p := range here {
		p.failed = failed
		picture := testcard.URI(strings.Repeat(away[i].wants, pictureBytes))
		running.Go(func() { p.paint(picture, false) })
		running.Go(func() { p.look(pictureTaken) })
	}
	for _, p := range here {
		select {
		case <-p.answered:
		case <-p.looked: // it has given up: no partner has returned yet to take the picture
			t.Fatalf("%s: no answer", p.name)
		}
	}
	for i, b := range away {
		away[i] = comesBack(s, b)
		away[i].failed = failed
		running.Go(func() { away[i].look(getsPicture) })
	}
	running.Wait()
	for _, p := range append(here, away...) {
		p.leaves()
	}
}

// group is a control group with a memory limit.
type group struct {
	tb  testing.TB
	dir string
	v2  bool
}

// newGroup creates a control group that is limited to this many bytes of memory, in the version that the machine has.
func newGroup(t *testing.T, limit int64) *group {
	t.Helper()
	const root = "/sys/fs/cgroup"
	name := fmt.Sprintf("chatme-test-%d-%d", os.Getpid(), limit>>20)
	g := &group{tb: t, dir: filepath.Join(root, "memory", name)}
	file := "memory.limit_in_bytes"
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err == nil {
		g.dir, g.v2, file = filepath.Join(root, name), true, "memory.max"
		os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+memory"), 0) // it may already be enabled
	}
	err := os.Mkdir(g.dir, 0o755)
	if err == nil {
		t.Cleanup(func() {
			if err := os.Remove(g.dir); err != nil {
				t.Errorf("remove a control group: %v", err)
			}
		})
		err = os.WriteFile(filepath.Join(g.dir, file), []byte(strconv.FormatInt(limit, 10)), 0)
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("needs a control group with a memory limit: %v", err)
		}
		t.Skipf("needs a control group with a memory limit: %v", err)
	}
	return g
}

// peak returns the peak memory usage in bytes.
func (g *group) peak() int64 {
	file := "memory.max_usage_in_bytes"
	if g.v2 {
		file = "memory.peak"
	}
	text, err := os.ReadFile(filepath.Join(g.dir, file))
	if err != nil {
		g.tb.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		g.tb.Fatal(err)
	}
	return n
}
