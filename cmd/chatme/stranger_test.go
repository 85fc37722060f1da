package main

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"chatme/internal/client"
	"chatme/internal/pace"
	"chatme/internal/protocol"
)

// TestDevStranger runs the command as somebody does who has one tab: there is a partner, it answers, and after Next
// there is one again.
func TestDevStranger(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stdout, stderr := &record{}, &record{}
	ended := make(chan int, 1)
	go func() {
		args := []string{"dev", "--stranger", "--addr", "127.0.0.1:0", "--db", filepath.Join(t.TempDir(), "chatme.db")}
		ended <- run(ctx, &commands{}, args, nil, stdout, stderr)
	}()
	c, err := client.Dial(step(t), "ws://127.0.0.1:"+announcedPort(t, stdout, ended), client.Options{APIKey: devWebAPIKey})
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
	must(c.Greet(step(t)))

	for _, chat := range []string{"the first", "after Next"} {
		if err := c.Search(); err != nil {
			t.Fatal(err)
		}
		must(c.Await(step(t), "matched"))
		must(c.Await(step(t), "typing_start"))
		if m := must(c.Await(step(t), "message")); !strings.HasPrefix(m.Text, "Hello!") {
			t.Errorf("%s: it begins with %q", chat, m.Text)
		}
		if _, err := c.Send("gooseberries"); err != nil {
			t.Fatal(err)
		}
		if m := must(c.Await(step(t), "message")); !strings.Contains(m.Text, "gooseberries") {
			t.Errorf("%s: it answers %q", chat, m.Text)
		}
		if err := c.Ack(); err != nil {
			t.Fatal(err)
		}
	}

	stop()
	select {
	case code := <-ended:
		if code != exitOK {
			t.Errorf("exit code %d; it said:\n%s", code, stderr)
		}
	case <-time.After(pace.Of(stopTimeout)):
		t.Error("the stop takes too long")
	}
}

// announcedPort waits for the line that names the address of the page.
func announcedPort(tb testing.TB, stdout *record, ended <-chan int) string {
	tb.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for ctx := step(tb); ; {
		if found := regexp.MustCompile(`http://localhost:(\d+) `).FindStringSubmatch(stdout.String()); found != nil {
			return found[1]
		}
		select {
		case <-poll.C:
		case code := <-ended:
			tb.Fatalf("it ended with %d", code)
		case <-ctx.Done():
			tb.Fatal("it does not say where the page is")
		}
	}
}
