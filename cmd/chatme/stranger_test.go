package main

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"chatme/internal/cli"
	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/pace"
	"chatme/internal/protocol"
	"chatme/internal/testbed"
)

// TestDevStranger runs the command for a single client: there is a partner, it answers, and after Next there is a partner
// again.
func TestDevStranger(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stdout, stderr := &testbed.Record{}, &testbed.Record{}
	ended := make(chan int, 1)
	go func() {
		args := []string{"dev", "--stranger", "--addr", "127.0.0.1:0", "--db", filepath.Join(t.TempDir(), "chatme.db")}
		ended <- cli.Run(ctx, &Commands{}, args, nil, stdout, stderr)
	}()
	c, err := client.Dial(testbed.Step(t), "ws://127.0.0.1:"+announcedPort(t, stdout, ended), client.Options{APIKey: devWebAPIKey})
	if err != nil {
		t.Fatalf("%v; the server said:\n%s", err, stderr)
	}
	defer c.Drop()
	must := func(m protocol.ServerMessage, err error) protocol.ServerMessage {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	must(c.Greet(testbed.Step(t)))

	for _, chat := range []string{"the first", "after Next"} {
		if err := c.Search(); err != nil {
			t.Fatal(err)
		}
		must(c.Await(testbed.Step(t), "matched"))
		must(c.Await(testbed.Step(t), "typing_start"))
		if m := must(c.Await(testbed.Step(t), "message")); !strings.HasPrefix(m.Text, "Hello!") {
			t.Errorf("%s: it begins with %q", chat, m.Text)
		}
		if _, err := c.Send("gooseberries"); err != nil {
			t.Fatal(err)
		}
		if m := must(c.Await(testbed.Step(t), "message")); !strings.Contains(m.Text, "gooseberries") {
			t.Errorf("%s: it answers %q", chat, m.Text)
		}
		if err := c.Ack(); err != nil {
			t.Fatal(err)
		}
	}

	stop()
	select {
	case code := <-ended:
		if code != exit.OK {
			t.Errorf("exit code %d; it said:\n%s", code, stderr)
		}
	case <-time.After(pace.Of(testbed.StopTimeout)):
		t.Error("shutdown takes too long")
	}
}

// announcedPort waits for the line that names the address of the page.
func announcedPort(tb testing.TB, stdout *testbed.Record, ended <-chan int) string {
	tb.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for ctx := testbed.Step(tb); ; {
		if found := regexp.MustCompile(`http://localhost:(\d+) `).FindStringSubmatch(stdout.String()); found != nil {
			return found[1]
		}
		select {
		case <-poll.C:
		case code := <-ended:
			tb.Fatalf("it ended with %d", code)
		case <-ctx.Done():
			tb.Fatal("stdout does not name the page's address")
		}
	}
}

// TestDevWithoutAPort: a browser cannot open a Unix socket, and dev says so.
func TestDevWithoutAPort(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	dir := t.TempDir()
	stdout, stderr := &testbed.Record{}, &testbed.Record{}
	ended := make(chan int, 1)
	go func() {
		args := []string{"dev", "--stranger", "--addr", "unix:" + dir + "/s", "--db", filepath.Join(dir, "chatme.db")}
		ended <- cli.Run(ctx, &Commands{}, args, nil, stdout, stderr)
	}()
	testbed.Eventually(t, "it says so", func() bool { return strings.Contains(stdout.String(), "which a browser cannot open") })
	stop()
	if code := <-ended; code != exit.OK {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}
