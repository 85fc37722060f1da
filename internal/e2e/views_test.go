package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"sync/atomic"
	"testing"

	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/testbed"
)

// testViewsUnderLoad reads every view with Debian's shell, as an operator would, while clients search, press Next,
// chat, disconnect and resume.
func testViewsUnderLoad(t *testing.T, s *testbed.Site) {
	s.Flags = append(s.Flags, crowdFlags...)
	server, _ := s.Start()
	resumes := newRevolvingDoor(s)
	flood := newFlood(s, 2)
	crowd := newCrowd(s, 0)
	crowd.churn(4)

	before := resumes.times.Load()
	rounds := 0
	for ; len(resumes.ended) == 0 && (rounds < testbed.InSoak(500, 25) || resumes.times.Load() < before+20); rounds++ {
		pairs := readView(s, "v_pairs")
		for _, row := range pairs {
			if row["first"] == nil || row["second"] == nil {
				t.Fatalf("a pair has only one side: %v", row)
			}
		}
		for i, row := range readView(s, "v_queue") {
			if row["position"] != float64(i+1) || row["session"] == nil {
				t.Fatalf("row %d of the queue: %v", i, row)
			}
		}
		states := map[any]int{}
		for _, row := range readView(s, "v_sessions") {
			states[row["state"]]++
		}
		if len(pairs) == 0 || states["idle"]+states["waiting"]+states["paired"]+states["ended"] == 0 || states[nil] != 0 {
			t.Fatalf("%d pairs, sessions by state %v", len(pairs), states)
		}
		if boots := readView(s, "v_boots"); len(boots) != 1 || boots[0]["reason"] != "running, or killed" {
			t.Fatalf("boots %v", boots)
		}
	}
	t.Logf("read all views %d times, during %d resumes", rounds, resumes.times.Load()-before)
	if code, _ := server.Terminate(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
	crowd.wait()
	flood.wait()
	if err := <-resumes.ended; err != nil {
		t.Error(err)
	}
}

// readView returns the rows of a view, keyed by column name.
func readView(s *testbed.Site, view string) []map[string]any {
	s.TB.Helper()
	out, err := exec.CommandContext(testbed.Step(s.TB), testbed.Shell(s.TB), "-readonly", "-json", s.DB, "SELECT * FROM "+view).CombinedOutput()
	if err != nil {
		s.TB.Fatalf("%s: %v: %s", view, err, out)
	}
	var rows []map[string]any
	if len(out) == 0 { // no row
		return nil
	}
	if err := json.Unmarshal(out, &rows); err != nil {
		s.TB.Fatalf("%s: %v: %s", view, err, out)
	}
	return rows
}

// revolvingDoor is a session in a chat that disconnects and resumes repeatedly until the server stops.
type revolvingDoor struct {
	times atomic.Int64
	ended chan error // buffer 1
}

func newRevolvingDoor(s *testbed.Site) *revolvingDoor {
	d := &revolvingDoor{ended: make(chan error, 1)}
	p := s.Join("door", client.Options{})
	testbed.Meet(p, s.Join("porter", client.Options{}))
	go func() { d.ended <- d.turn(p) }()
	return d
}

func (d *revolvingDoor) turn(p *testbed.Person) error {
	for c := p.Client; ; d.times.Add(1) {
		c.Drop()
		next, err := client.Dial(testbed.Step(p.TB), "ws://"+p.Site.Addr, c.Resume())
		if err != nil {
			return nil // the server has stopped
		}
		c = next
		m, err := c.Greet(testbed.Step(p.TB))
		if _, ended := errors.AsType[*client.CloseError](err); ended {
			return nil
		}
		if err != nil {
			return err
		}
		if m.Type != "resumed" || m.State != "matched" {
			return fmt.Errorf("a session in a chat resumed to %s", client.Describe(&m))
		}
	}
}
