package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatme/internal/client"
	"chatme/internal/pace"
)

// served is a server in this process, run as the command is.
type served struct {
	tb    testing.TB
	dir   string
	db    string
	addr  string
	log   *record
	stop  context.CancelFunc
	ended chan struct{} // closed once code is set
	code  int
}

// startServed runs serve with further flags and this environment, in a directory of its own, and waits until it listens.
func startServed(tb testing.TB, environ []string, flags ...string) *served {
	tb.Helper()
	return startServedOn(tb, tb.TempDir(), environ, flags...)
}

// startServedOn is startServed in a directory where a server may have run before.
func startServedOn(tb testing.TB, dir string, environ []string, flags ...string) *served {
	tb.Helper()
	s := &served{tb: tb, dir: dir, db: filepath.Join(dir, "chatme.db"), log: &record{}, ended: make(chan struct{})}
	var ctx context.Context
	ctx, s.stop = context.WithCancel(context.WithoutCancel(tb.Context()))
	args := append([]string{"serve", "--addr", "127.0.0.1:0", "--db", s.db}, flags...)
	environ = append(unhurried(), environ...)
	go func() {
		defer close(s.ended)
		s.code = run(ctx, &struct {
			Serve serveCmd `cmd:""`
		}{}, args, environ, s.log, s.log)
	}()
	tb.Cleanup(func() {
		s.stop()
		s.waitEnded()
	})
	s.addr = s.logged("listening", 1)["addr"].(string)
	return s
}

// waitEnded waits for the end of a server that was stopped.
func (s *served) waitEnded() {
	s.tb.Helper()
	select {
	case <-s.ended:
		if s.code != exitOK {
			s.tb.Errorf("exit code %d; it said:\n%s", s.code, s.log)
		}
	case <-time.After(pace.Of(stopTimeout)):
		s.tb.Fatal("the stop takes too long")
	}
}

// logged waits for the nth line of the log with this message.
func (s *served) logged(msg string, nth int) (line map[string]any) {
	s.tb.Helper()
	eventually(s.tb, "logged: "+msg, func() bool {
		count := 0
		for text := range strings.Lines(s.log.String()) {
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

// dial connects a client with this key and returns it once it has an answer to auth, or the error it got.
func (s *served) dial(key string, old bool) (*client.Client, error) {
	c, err := client.Dial(step(s.tb), "ws://"+s.addr, client.Options{APIKey: key, Old: old})
	if err != nil {
		return nil, err
	}
	s.tb.Cleanup(c.Drop)
	_, err = c.Greet(step(s.tb))
	return c, err
}
