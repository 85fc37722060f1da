package server_test

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/server"
	"chatme/internal/testbed"
)

// faultyListener fails the given number of times, with each of errs in turn, and then accepts one end of a pipe.
type faultyListener struct {
	errs   []error
	fails  int
	closed chan struct{}
}

func (l *faultyListener) Accept() (net.Conn, error) {
	if l.fails > 0 {
		l.fails--
		err := l.errs[l.fails%len(l.errs)]
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", err)}
	}
	here, _ := net.Pipe()
	return here, nil
}

func (l *faultyListener) Close() error   { close(l.closed); return nil }
func (l *faultyListener) Addr() net.Addr { return &net.TCPAddr{} }

// Known defect: a failing accept was not logged, and an error that net/http does not treat as temporary ended the
// server.
func TestAcceptFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &testbed.Record{}
		faulty := &faultyListener{closed: make(chan struct{}), fails: 100, errs: []error{
			syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EPERM, syscall.EPROTO, syscall.ENETDOWN,
		}}
		listener := server.NewArrivals(server.ArrivalLimits{Plain: 10, Unauthenticated: 10}, server.DefaultTimes, slog.New(slog.NewJSONHandler(log, nil))).Listen(faulty)
		accept := func() {
			t.Helper()
			conn, err := listener.Accept()
			testbed.Must(t, err)
			conn.Close()
		}
		warnings := func() int { return strings.Count(log.String(), `"level":"WARN","msg":"accept failed, retrying"`) }
		began := time.Now()
		accept()
		if took := time.Since(began); took < 30*time.Second || took > 100*time.Second {
			t.Errorf("100 failures took %v: accept spins, or waits too long", took)
		}
		<-time.After(2 * time.Minute)
		if n := warnings(); n < 2 || n > 3 {
			t.Errorf("%d warnings, want one at once, one a minute and a last one:\n%s", n, log)
		}
		if !strings.Contains(log.String(), "too many open files") || !strings.Contains(log.String(), `"times":1}`) {
			t.Errorf("the log does not say why, or how often:\n%s", log)
		}
		quiet := warnings()
		faulty.fails = 1
		accept()
		if warnings() != quiet+1 {
			t.Errorf("after a quiet time a failure is not logged at once:\n%s", log)
		}
		faulty.fails, faulty.errs = 1, []error{syscall.EBADF}
		if _, err := listener.Accept(); !errors.Is(err, syscall.EBADF) {
			t.Errorf("an invalid listener: %v", err)
		}
		<-time.After(2 * time.Minute) // until nothing of it is left in the bubble
	})
}

// A shutdown does not wait for the pause after a failure.
func TestAcceptFailsWhileStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faulty := &faultyListener{closed: make(chan struct{}), fails: 1 << 30, errs: []error{syscall.EMFILE}}
		listener := server.NewArrivals(server.ArrivalLimits{Plain: 10, Unauthenticated: 10}, server.DefaultTimes, slog.New(slog.DiscardHandler)).Listen(faulty)
		ended := make(chan error, 1)
		go func() {
			_, err := listener.Accept()
			ended <- err
		}()
		<-time.After(time.Hour)
		testbed.Must(t, listener.Close())
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept returned %v", err)
		}
		<-time.After(2 * time.Minute)
	})
}
