// Package inside supports tests that run a server in their own process.
package inside

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatme/internal/app"
	"chatme/internal/cli"
	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/pace"
	"chatme/internal/testbed"
)

// Served is a server in this process, run as the command is.
type Served struct {
	TB    testing.TB
	Dir   string
	DB    string
	Addr  string
	Log   *testbed.Record
	Stop  context.CancelFunc
	ended chan struct{} // closed once code is set
	code  int
}

// StartServed runs serve with additional flags and this environment, in its own directory, and waits until it listens.
func StartServed(tb testing.TB, environ []string, flags ...string) *Served {
	tb.Helper()
	return StartServedOn(tb, tb.TempDir(), environ, flags...)
}

// StartServedOn is StartServed in a directory where a server may have run before.
func StartServedOn(tb testing.TB, dir string, environ []string, flags ...string) *Served {
	tb.Helper()
	s := &Served{TB: tb, Dir: dir, DB: filepath.Join(dir, "chatme.db"), Log: &testbed.Record{}, ended: make(chan struct{})}
	var ctx context.Context
	ctx, s.Stop = context.WithCancel(context.WithoutCancel(tb.Context()))
	args := append([]string{"serve", "--addr", "127.0.0.1:0", "--db", s.DB}, flags...)
	environ = append(testbed.Unhurried(), environ...)
	go func() {
		defer close(s.ended)
		s.code = cli.Run(ctx, &struct {
			Serve app.ServeCmd `cmd:""`
		}{}, args, environ, s.Log, s.Log)
	}()
	tb.Cleanup(func() {
		s.Stop()
		s.WaitEnded()
	})
	s.Addr = s.Logged("listening", 1)["addr"].(string)
	return s
}

// WaitEnded waits for the end of a server that was stopped.
func (s *Served) WaitEnded() {
	s.TB.Helper()
	select {
	case <-s.ended:
		if s.code != exit.OK {
			s.TB.Errorf("exit code %d; log:\n%s", s.code, s.Log)
		}
	case <-time.After(pace.Of(testbed.StopTimeout)):
		s.TB.Fatal("the shutdown took too long")
	}
}

// Logged waits for the nth line of the log with this message.
func (s *Served) Logged(msg string, nth int) (line map[string]any) {
	s.TB.Helper()
	testbed.Eventually(s.TB, "logged: "+msg, func() bool {
		count := 0
		for text := range strings.Lines(s.Log.String()) {
			if json.Unmarshal([]byte(text), &line) == nil && line["msg"] == msg {
				if count++; count == nth {
					return true
				}
			}
			line = nil
		}
		return false
	})
	return line
}

// Dial connects a client with this key. It returns the client once auth is answered, or the error.
func (s *Served) Dial(key string, old bool) (*client.Client, error) {
	c, err := client.Dial(testbed.Step(s.TB), "ws://"+s.Addr, client.Options{APIKey: key, Legacy: old})
	if err != nil {
		return nil, err
	}
	s.TB.Cleanup(c.Drop)
	_, err = c.Greet(testbed.Step(s.TB))
	return c, err
}
