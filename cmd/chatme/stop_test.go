package main

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"chatme/internal/cli"
	"chatme/internal/exit"
)

// A signal while the server still reads its database is an orderly shutdown.
func TestStoppedWhileStarting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	args := []string{"serve", "--addr", "127.0.0.1:0", "--db", filepath.Join(t.TempDir(), "chatme.db")}
	if code := cli.Run(ctx, &Commands{}, args, []string{"WEB_API_KEY=a-key-for-this-test"}, &stdout, &stderr); code != exit.OK {
		t.Errorf("exit code %d, want 0; it said:\n%s", code, &stderr)
	}
}
