package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatme/internal/cli"
	"chatme/internal/example"
	"chatme/internal/exit"
	"chatme/internal/testbed"
)

// TestInterrupted: an interrupted command says so and has written nothing.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"chatme.db", "other.db"} {
		if err := example.Write(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	before := testbed.MustRead(t, "chatme.db")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"backup", "copy.db"}, {"restore", "--replace", "other.db"}} {
		var stdout, stderr bytes.Buffer
		if code := cli.Run(ctx, &Commands{}, args, nil, &stdout, &stderr); code != exit.Failure || !strings.HasPrefix(stderr.String(), "chatme: interrupted; ") {
			t.Errorf("%q: exit code %d: %s%s", args, code, &stdout, &stderr)
		}
	}
	if !bytes.Equal(testbed.MustRead(t, "chatme.db"), before) {
		t.Error("the database changed")
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if name := e.Name(); strings.HasPrefix(name, "copy") || strings.Contains(name, ".part-") {
			t.Errorf("%s was left behind", filepath.Join(dir, name))
		}
	}
}
