package e2e

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os/exec"
	"slices"
	"testing"
	"time"

	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/pace"
	"chatme/internal/protocol"
	"chatme/internal/testbed"
)

// lockHeld is how long another program keeps the server from writing: longer than the server waits for a lock in one
// attempt, so that it must retry.
var lockHeld = testbed.InSoak(30*time.Second, 8*time.Second)

const (
	pulse = 20 * time.Millisecond // between two messages and pings while the lock is held
	// drained is how soon everything is back to normal; the target is 2 s on an idle machine.
	drained = 10 * time.Second
)

// testWriteLockHeld: while the shell holds the write lock, chats are not affected, searching clients are told nothing
// untrue, and no client is disconnected.
func testWriteLockHeld(t *testing.T, s *testbed.Site) {
	server, _ := s.Start()
	a, b := s.Join("a", client.Options{}), s.Join("b", client.Options{})
	testbed.Meet(a, b)
	c, d := s.Join("c", client.Options{Legacy: true}), s.Join("d", client.Options{Legacy: true})
	testbed.Meet(c, d)
	searches := []*testbed.Person{s.Join("search1", client.Options{}), s.Join("search2", client.Options{Legacy: true})}

	lock := holdWriteLock(s)
	for _, p := range searches {
		p.Check(p.Client.Search())
		p.Check(p.Ping())
		p.Expect("pong") // the search is done: the next one is later
	}
	late := s.Join("late", client.Options{}) // session_id waits for no commit
	late.Check(late.Client.Search())
	searches = append(searches, late)

	var relays, pongs []time.Duration
	ticks := time.NewTicker(pulse)
	defer ticks.Stop()
	for over := time.After(lockHeld); over != nil; {
		select {
		case <-over:
			over = nil
		case <-ticks.C:
			for _, pair := range [][2]*testbed.Person{{a, b}, {c, d}} {
				relays = append(relays, timed(func() { testbed.Talk(pair[0], pair[1]) }))
				pongs = append(pongs, timed(func() {
					pair[0].Check(pair[0].Ping())
					pair[0].Await("pong")
				}))
				pair[1].Check(pair[1].Typing(len(pongs)%4 < 2))
			}
			// Acknowledged, as a client does; otherwise the chat's ring fills up before the lock is free.
			a.Check(a.Ack())
			b.Check(b.Ack())
		}
	}
	for _, p := range searches {
		if m, err := p.Recv(ended(t)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, while nothing can be committed: %s, %v", p.Name, client.Describe(&m), err)
		}
	}
	wantReady(s, "the store")
	lock.release()
	took := timed(func() {
		for _, p := range searches {
			p.Expect("searching")
		}
	})
	searches[0].Matched() // first come, first served
	searches[1].Matched()
	testbed.Talk(searches[0], searches[1])
	wantReady(s, "")
	s.Asks(`SELECT count(*) FROM v_queue`, "1")
	if took > pace.Of(drained) {
		t.Errorf("searching came %v after the lock was released", took)
	}
	t.Logf("lock held for %v; relay and answer p99 %v of %d, pong p99 %v of %d; searching %v after",
		lockHeld, p99(relays), len(relays), p99(pongs), len(pongs), took)
	for _, p := range append(searches, a, b, c, d) {
		if end := p.CloseErr(); end != nil {
			t.Errorf("%s: %v", p.Name, end)
		}
	}
	if code, _ := server.Terminate(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
}

// testPongWhileLocked: the connection itself answers ping, whatever the session waits for.
func testPongWhileLocked(t *testing.T, s *testbed.Site) {
	s.Start()
	p := s.Join("p", client.Options{Legacy: true})
	lock := holdWriteLock(s)
	p.Check(p.Client.Search())
	p.Check(p.Ping())
	ctx, cancel := pace.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := p.Client.Expect(ctx, "pong"); err != nil {
		t.Errorf("ping while the search waits for the database: %v", err)
	}
	lock.release()
	p.Await("searching")
}

// testStopWhileLocked: a shutdown that cannot write is in time too, and every client is told. Clients that waited for
// the database are told nothing else.
func testStopWhileLocked(t *testing.T, s *testbed.Site) {
	server, _ := s.Start()
	a, b := s.Join("a", client.Options{}), s.Join("b", client.Options{Legacy: true})
	testbed.Meet(a, b)
	waits := []*testbed.Person{s.Join("waits1", client.Options{}), s.Join("waits2", client.Options{Legacy: true})}
	holdWriteLock(s)
	for _, p := range waits {
		p.Check(p.Client.Search())
	}
	select {
	case <-server.Fails:
	case <-testbed.Step(t).Done():
		t.Fatal("the log does not report failed commits")
	}
	said := lastReason(s)
	code, took := server.Terminate()
	if reason := <-said; reason != "stopping" {
		t.Errorf("during shutdown, the server gave as reason for not being ready: %q", reason)
	}
	if took > server.Stops || code == exit.AlreadyRunning {
		t.Errorf("SIGTERM: exit code %d after %v", code, took)
	}
	for _, p := range append(waits, a, b) {
		m, err := p.Recv(testbed.Step(t))
		for p.Old && err == nil && (m.Type == "typing_stop" || m.Type == "chat_ended") { // to clear its screen
			m, err = p.Recv(testbed.Step(t))
		}
		if end := p.CloseErr(); err == nil || end == nil || end.Code != protocol.CloseRestart {
			t.Errorf("%s: %s, %v; want close 1012; the server said:\n%s", p.Name, client.Describe(&m), err, s.Wrote)
		}
	}
}

// ended returns a context that is already done: it only reads what has already arrived.
func ended(tb testing.TB) context.Context {
	ctx, cancel := context.WithCancel(tb.Context())
	cancel()
	return ctx
}

func timed(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

func p99(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)*99/100]
}

// session is a sqlite3 shell on the database of a site, possibly in a transaction.
type session struct {
	tb     testing.TB
	input  io.WriteCloser
	output *bufio.Scanner
}

// holdWriteLock begins a transaction and returns once it holds the lock.
func holdWriteLock(s *testbed.Site) *session {
	s.TB.Helper()
	l := openShell(s)
	l.runs(".timeout 5000\nBEGIN IMMEDIATE;\n")
	return l
}

// openShell starts a shell that ends with the test.
func openShell(s *testbed.Site, flags ...string) *session {
	s.TB.Helper()
	cmd := exec.Command(testbed.Shell(s.TB), append(flags, "-bail", s.DB)...)
	input, err := cmd.StdinPipe()
	if err != nil {
		s.TB.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		s.TB.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.TB.Fatal(err)
	}
	s.TB.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return &session{tb: s.TB, input: input, output: bufio.NewScanner(output)}
}

// runs gives the shell input and waits until it has run. It requires these lines of output.
func (l *session) runs(input string, want ...string) {
	l.tb.Helper()
	if _, err := io.WriteString(l.input, input+"SELECT 'done';\n"); err != nil {
		l.tb.Fatal(err)
	}
	for _, line := range append(want, "done") {
		if !l.output.Scan() || l.output.Text() != line {
			l.tb.Fatalf("the shell printed %q, want %q", l.output.Text(), line)
		}
	}
}

// release ends its transaction.
func (l *session) release() {
	l.tb.Helper()
	l.runs("ROLLBACK;\n")
}
