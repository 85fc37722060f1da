package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"chatme/internal/admin"
	"chatme/internal/pace"
	"chatme/internal/testbed"

	"github.com/rogpeppe/go-internal/testscript"
)

// exits is the script command "exits CODE program arg…": it runs the program and requires exactly this exit code,
// while "! exec" accepts any failure.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE program arg...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// files is the script command "files DIR name…": the directory holds exactly these files.
func files(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: files DIR name...")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if want := slices.Sorted(slices.Values(args[1:])); !slices.Equal(got, want) {
		ts.Fatalf("%s holds %q, want %q", args[0], got, want)
	}
}

// ready is the script command "ready SOCKET": it waits until the server on that admin socket is ready.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready SOCKET")
	}
	ctx, cancel := pace.WithTimeout(context.Background(), testbed.StepTimeout)
	defer cancel()
	server := admin.NewClient(ts.MkAbs(args[0]))
	for ticks := time.Tick(10 * time.Millisecond); ; {
		answer, err := server.Do(ctx, http.MethodGet, "/readyz")
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("the server is not ready: %v", err)
		case <-ticks:
		}
	}
}
